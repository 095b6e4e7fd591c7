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

// NewNamespace makes a namespace with nothing in it but loopback, which is down.
// The kernel sends nothing of its own on interfaces to come. The error is the
// system's where this process may not make one.
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
	err := <-ready
	if err == nil {
		err = n.Do(quiet)
	}
	if err != nil {
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

// IP runs ip(8) in the namespace; args are divided at spaces.
func (n *Namespace) IP(args string) error {
	return n.Do(func() error {
		out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", args, err, out)
		}
		return nil
	})
}

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
