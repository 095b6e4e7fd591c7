package session

import "time"

// Limits bounds what a session holds. Zero means the documented default.
type Limits struct {
	// Spool is how many bytes a compressed or piped input may be written to the
	// spool folder as, each. Reaching it is an error: what came before is shown.
	// Default 4 GiB.
	Spool int64
	// Index is how many bytes the packet indexes of all connections may take: 4
	// to 6 bytes a TCP packet, so the default of 512 MiB holds nearly 100 million.
	// Packets beyond it are found by reading the files again whenever a
	// connection is opened.
	Index int64
	// View is how many bytes of events one opened connection holds; of the
	// events beyond it only Items (56 bytes each) are held, and they are decoded
	// again when they are looked at. Default 32 MiB.
	View int64
	// Cache is how many bytes of views stay after they were closed. Default 64 MiB.
	Cache int64
}

// Defaults of Limits.
const (
	DefaultSpool = 4 << 30
	DefaultIndex = 512 << 20
	DefaultView  = 32 << 20
	DefaultCache = 64 << 20
)

// Bounds and intervals that are part of how a session works.
const (
	pollInterval    = 200 * time.Millisecond // between looks at a file that may grow
	publishInterval = 20 * time.Millisecond  // between updates of rows while loading
	notifyInterval  = 50 * time.Millisecond  // default of Options.Notify
	forgetConns     = 256                    // connections whose indexes are cleared at a time
	publishPackets  = 128                    // packets between looks at the clock
	maxName         = 1 << 10                // bytes kept of a host, path or the like in a row
	maxNames        = 1 << 16                // distinct names that are shared between rows
	maxFragments    = 4096                   // IP fragments that wait to be attributed
	maxCachedViews  = 8
	pageItems       = 1024 // events decoded again at a time
	maxPages        = 4    // such pages held for a view
	readSmall       = 2 << 10
	readLarge       = 1 << 20
	spoolBlock      = 256 << 10
	rateWindow      = 2 * time.Second
)

func (l Limits) withDefaults() Limits {
	set := func(v *int64, def int64) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.Spool, DefaultSpool)
	set(&l.Index, DefaultIndex)
	set(&l.View, DefaultView)
	set(&l.Cache, DefaultCache)
	return l
}
