package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture/live/veth"
)

// namespace is a network namespace of its own, for a test.
type namespace struct {
	*veth.Namespace
	t *testing.T
}

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a network namespace and to capture in it")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip (Debian package iproute2):", err)
	}
	in, err := veth.NewNamespace()
	if err != nil {
		t.Skip("this root may not make network namespaces:", err)
	}
	t.Cleanup(in.Close)
	n := &namespace{in, t}
	n.ip("link set lo up")
	// Addresses of links to come are in use at once.
	n.Do(func() error { return os.WriteFile("/proc/sys/net/ipv6/conf/default/accept_dad", []byte("0"), 0o644) })
	return n
}

// ip runs ip(8) in the namespace.
func (n *namespace) ip(args string) {
	n.t.Helper()
	if err := n.IP(args); err != nil {
		n.t.Fatal(err)
	}
}

// start starts a process in the namespace; it ends with the test.
func (n *namespace) start(t *testing.T, c *exec.Cmd) {
	t.Helper()
	c.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := n.Do(c.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Kill(-c.Process.Pid, unix.SIGKILL)
		c.Wait()
	})
}

// listen listens on a free port of an address of the namespace.
func (n *namespace) listen(t *testing.T, host string) net.Listener {
	t.Helper()
	var l net.Listener
	err := n.Do(func() (err error) {
		l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// dial connects from the namespace. With an address for a name, net connects on
// the calling goroutine, so on the namespace's thread.
func (n *namespace) dial(addr string) (c net.Conn, err error) {
	err = n.Do(func() (err error) {
		c, err = net.Dial("tcp", addr)
		return err
	})
	return c, err
}

// place is where a role's programs run, and under which addresses.
type place struct {
	*namespace
	v4, v6 string
}

// network is where the conversations take place.
//
//	client ─ toClient ┤ router ├ toServer ─ server
//
// On lo all three are one.
type network struct {
	client, router, server place
}

// tag is a VLAN tag.
type tag struct {
	protocol uint16
	id       uint16
}

// newNetwork joins three namespaces by veth; without a cable, there is one with lo.
func newNetwork(t *testing.T, c *cable) *network {
	t.Helper()
	if c == nil {
		p := place{newNamespace(t), "127.0.0.1", "::1"}
		return &network{p, p, p}
	}
	n := &network{
		place{newNamespace(t), "10.9.1.2", "fd09:1::2"},
		place{newNamespace(t), "10.9.1.1", "fd09:1::1"},
		place{newNamespace(t), "10.9.2.2", "fd09:2::2"},
	}
	for _, s := range []struct {
		end    place
		router string
		net    string
	}{{n.client, "toclient", "1"}, {n.server, "toserver", "2"}} {
		n.router.ip(fmt.Sprintf("link add name %s type veth peer name uplink netns %d", s.router, s.end.ID()))
		s.end.ip("link set uplink up mtu 1600") // so that a tagged frame of 1500 bytes fits
		n.router.ip("link set " + s.router + " up mtu 1600")
		near, far := s.router, "uplink"
		if len(c.tags) > 0 {
			near, far = n.router.tagged(s.router, "vlan"+s.net, c), s.end.tagged("uplink", "vlan", c)
		}
		n.router.ip("addr add 10.9." + s.net + ".1/24 dev " + near)
		n.router.ip("addr add fd09:" + s.net + "::1/64 dev " + near + " nodad")
		s.end.ip("addr add " + s.end.v4 + "/24 dev " + far)
		s.end.ip("addr add " + s.end.v6 + "/64 dev " + far + " nodad")
		s.end.ip("route add default via 10.9." + s.net + ".1")
		s.end.ip("-6 route add default via fd09:" + s.net + "::1")
	}
	err := n.router.Do(func() error {
		for _, path := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
			if err := os.WriteFile("/proc/sys/net/"+path, []byte("1"), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Skip("this root may not make a router:", err)
	}
	return n
}

// tagged makes an interface that sends and receives with tags over a lower one.
// The kernel does it, or where it was built without VLAN, a tagger does, as it
// does what kernels do not do.
func (n *namespace) tagged(lower, name string, c *cable) string {
	n.t.Helper()
	below := lower
	for i, tag := range c.tags {
		above := fmt.Sprintf("%s.%d", name, i)
		if c.unsteady {
			startTagger(n, lower, above, c)
			return above
		}
		err := n.Run("ip", "link", "add", "link", below, "name", above, "type", "vlan", "proto", protocolName(tag), "id", fmt.Sprint(tag.id))
		if err != nil {
			if i > 0 || !strings.Contains(err.Error(), "Unknown device type") && !strings.Contains(err.Error(), "not supported") {
				n.t.Fatal(err)
			}
			n.t.Log("this kernel has no VLAN interfaces: a tap does the tagging")
			startTagger(n, lower, above, c)
			return above
		}
		n.ip("link set " + above + " up")
		below = above
	}
	return below
}

func protocolName(t tag) string {
	if t.protocol == unix.ETH_P_8021AD {
		return "802.1ad"
	}
	return "802.1Q"
}
