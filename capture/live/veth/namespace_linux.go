package veth

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace of its own, on a thread of its own. It
// vanishes with its thread, and with it its interfaces.
type Namespace struct {
	work chan func()
	tid  int
}

// NewQuiet makes a Namespace in which the kernel sends nothing of its own on
// interfaces to come.
func NewQuiet() (*Namespace, error) {
	n, err := NewNamespace()
	if err != nil {
		return nil, err
	}
	if err := n.Do(quiet); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// NewNamespace makes a namespace with nothing in it but loopback, which is down.
// The error is the system's where this process may not make one.
func NewNamespace() (*Namespace, error) {
	n := &Namespace{work: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		n.tid = unix.Gettid()
		ready <- err
		for f := range n.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// quiet switches IPv6 off: it would look for routers and neighbours.
func quiet() error {
	for _, which := range []string{"default", "all"} {
		err := os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0o644)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// Close ends the namespace's thread. What was started in it goes on in it.
func (n *Namespace) Close() { close(n.work) }

// Do runs f on the namespace's thread and returns what it returns. Programs that
// f starts, and sockets that it opens, are in the namespace.
func (n *Namespace) Do(f func() error) error {
	done := make(chan error)
	n.work <- func() { done <- f() }
	return <-done
}

// ID is the number of a process in the namespace, by which ip(8) names it.
func (n *Namespace) ID() int { return n.tid }

// Run runs a command in the namespace to its end. The error has what it printed.
func (n *Namespace) Run(name string, args ...string) error {
	return n.Do(func() error {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
		}
		return nil
	})
}

// IP runs ip(8) in the namespace; args are divided at spaces.
func (n *Namespace) IP(args string) error { return n.Run("ip", strings.Fields(args)...) }

// Link joins n and far by a pair of interfaces, which are up and ask for no addresses.
func (n *Namespace) Link(far *Namespace, here, there string) error {
	err := n.IP(fmt.Sprintf("link add name %s type veth peer name %s netns %d", here, there, far.tid))
	if err == nil {
		err = n.IP("link set " + here + " up arp off")
	}
	if err == nil {
		err = far.IP("link set " + there + " up arp off")
	}
	return err
}
