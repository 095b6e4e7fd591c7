package session

import "sync"

// cache holds the views in use, and the complete ones that were closed last.
type cache struct {
	limit int64

	mu    sync.Mutex
	views map[string]*View
	idle  []*View // closed ones, latest last
}

func (c *cache) init(limit int64) { c.limit, c.views = limit, map[string]*View{} }

// open returns the view of this key, or what start makes.
func (c *cache) open(key string, start func() *View) *View {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.views[key]
	if v != nil {
		if _, err := v.Complete(); err != nil || v.users == 0 && v.hollow() {
			v = nil // try again
		}
	}
	if v == nil {
		v = start()
		c.views[key] = v
	}
	v.users++
	c.unidle(v)
	return v
}

func (c *cache) unidle(v *View) {
	for i := range c.idle {
		if c.idle[i] == v {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			return
		}
	}
}

// close gives a view back.
func (c *cache) close(v *View) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.users == 0 {
		return
	}
	if v.users--; v.users > 0 {
		return
	}
	over := v.over.Load()
	v.cancel()
	if !over || c.views[v.key] != v {
		c.forget(v)
		return
	}
	go v.pages.drop() // it waits for a page that is being read
	c.idle = append(c.idle, v)
	total := int64(0)
	for i := len(c.idle) - 1; i >= 0; i-- {
		total += c.idle[i].size()
		if total > c.limit || len(c.idle)-i > maxCachedViews {
			for _, old := range c.idle[:i+1] {
				c.forget(old)
			}
			c.idle = append([]*View(nil), c.idle[i+1:]...)
			return
		}
	}
}

func (c *cache) forget(v *View) {
	if c.views[v.key] == v {
		delete(c.views, v.key)
	}
}
