package main

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// look is one sockeye that captures in the router.
type look struct {
	on, filter         string
	toClient, toServer bool // what it sees
}

// peer is a program, and the conversations it holds.
type peer struct {
	name string
	talk func(*testing.T, *network) []talk
}

// TestLivePeers: what sockeye prints of conversations while they go on is what
// their ends say that they sent and received, message by message.
//
// On any, and with several interfaces, a router shows every segment that passes
// through it twice, and where it ends tunnels or VLANs, more often: that counts
// once. nginx's two connections are two.
func TestLivePeers(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it takes a browser, nginx and python to many networks")
	}
	t.Parallel()
	vlan := []tag{{unix.ETH_P_8021Q, 100}}
	qinq := append([]tag{{unix.ETH_P_8021AD, 200}}, vlan...)
	programs := []peer{{"coder", talkCoder}, {"gorilla", talkGorilla}, {"python", talkPython}, {"nginx", talkNginx}}
	everyone := append(programs, peer{"chromium", talkChromium})
	for _, c := range []struct {
		name  string
		cable *cable // nil: lo
		peers []peer
		looks []look
	}{
		{"lo", nil, everyone, []look{{"lo", "", true, true}, {"any", "tcp", true, true}}},
		{"veth", &cable{}, everyone, []look{
			{"toclient", "tcp", true, false}, {"toclient,toserver", "", true, true}, {"any", "", true, true},
		}},
		{"vlan", &cable{tags: vlan}, everyone, []look{
			{"toclient", "vlan 100 and tcp", true, false}, {"toserver", "", false, true}, {"any", "", true, true},
		}},
		{"qinq", &cable{tags: qinq}, everyone, []look{
			{"toclient", "vlan 200 and vlan 100 and tcp", true, false}, {"any", "", true, true},
		}},
		{"unsteady", &cable{vlan, true}, programs, []look{
			{"toclient", "vlan 100 and tcp", true, false}, {"any", "", true, true},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			n := newNetwork(t, c.cable)
			var watches []*watch
			for _, l := range c.looks {
				watches = append(watches, newWatch(t, n, l))
			}
			var all []talk
			for _, p := range c.peers {
				t.Run(p.name, func(t *testing.T) { all = append(all, p.talk(t, n)...) })
			}
			messages := 0
			for _, w := range watches {
				w.stop()
				t.Run("seen on "+w.on, func(t *testing.T) { w.compare(t, all) })
				messages += w.messages
			}
			t.Logf("%d conversations, %d captures, %d messages held against the logs of both ends; %v",
				len(all), len(watches), messages, time.Since(began).Round(time.Millisecond))
			if c.cable != nil {
				t.Run("seen again", func(t *testing.T) { seenAgain(t, all, watches[0], watches[len(watches)-1]) })
			}
			if c.cable != nil && c.cable.unsteady {
				t.Run("repaired", func(t *testing.T) { repaired(t, watches[0]) })
			}
		})
	}
}

// watch is a capture that is under way.
type watch struct {
	look
	*running
	file     string             // what it saves
	stdout   chan string        // all of it, once it ended
	packets  map[string]float64 // of each conversation, by its client's address
	messages int                // that agreed with the logs, or were said not to
}

func newWatch(t *testing.T, n *network, l look) *watch {
	t.Helper()
	w := &watch{look: l, file: filepath.Join(t.TempDir(), "saved.pcapng"), stdout: make(chan string, 1), packets: map[string]float64{}}
	args := []string{"messages", "--json", "-i", l.on, "-w", w.file, "--ring", "64M"}
	if l.filter != "" {
		args = append(args, "-f", l.filter)
	}
	w.running = startLiveBy(t, func(c *exec.Cmd) error { return n.router.Do(c.Start) }, args...)
	go func() {
		b, _ := io.ReadAll(w.out)
		w.stdout <- string(b)
	}()
	return w
}

func (w *watch) stop() { w.Process.Signal(syscall.SIGINT) }

// compare holds what was printed against what the ends logged.
func (w *watch) compare(t *testing.T, all []talk) {
	printed := <-w.stdout
	w.end(t).want(t, exitInterrupted)
	list := objects(t, printed)
	if end := list[len(list)-1]; end["dropped"] != 0.0 || end["truncated_input"] != false {
		t.Errorf("end %v", end)
	}
	if w.on == "any" {
		again := sockeye(t, "messages", "--json", w.file)
		again.want(t, exitDone)
		if again.stdout != printed {
			t.Error("the saved packets read back otherwise")
		}
	}
	var wanted []*talk
	for i := range all {
		if all[i].toClient && w.toClient || all[i].toServer && w.toServer {
			wanted = append(wanted, &all[i])
		}
	}
	if len(wanted) == 0 {
		t.Error("nobody talked")
	}
	said := map[float64]map[string][]map[string]any{} // by connection and side
	for _, o := range list[:len(list)-1] {
		conn := o["conn"].(float64)
		if said[conn] == nil {
			said[conn] = map[string][]map[string]any{}
		}
		side := o["from"].(string)
		said[conn][side] = append(said[conn][side], o)
	}
	conns := objects(t, sockeye(t, "conns", "--json", w.file).stdout)
	for _, o := range conns[:len(conns)-1] {
		i := slices.IndexFunc(wanted, func(k *talk) bool { return k.client == o["client"] && k.server == o["server"] })
		if i < 0 {
			if o["protocol"] == "websocket" || len(said[o["conn"].(float64)]) > 0 {
				t.Errorf("nobody knows of %v", o)
			}
			continue
		}
		k := wanted[i]
		if o["protocol"] != "websocket" || o["client_missing"] != 0.0 || o["server_missing"] != 0.0 || o["midstream"] != false ||
			o["errors"] != 0.0 || o["warnings"] != 0.0 {
			t.Errorf("%s: %v", k.name, o)
		}
		sides := said[o["conn"].(float64)]
		w.packets[k.client] = o["packet_count"].(float64)
		w.messages += len(sides["client"]) + len(sides["server"])
		k.compare(t, sides)
		wanted = slices.Delete(wanted, i, i+1)
	}
	for _, k := range wanted {
		t.Errorf("%s: %s to %s was not seen", k.name, k.client, k.server)
	}
}

// seenAgain holds that the packets of conversations through the router were
// there more than once where it captured on all interfaces: that they counted once
// would show nothing otherwise.
func seenAgain(t *testing.T, all []talk, one, every *watch) {
	for _, k := range all {
		if k.toClient && k.toServer && every.packets[k.client] <= one.packets[k.client] {
			t.Errorf("%s: %v packets on %s, and %v on %s", k.name, one.packets[k.client], one.on, every.packets[k.client], every.on)
		}
	}
}

// repaired holds that frames were lost and overtaken where they should have been.
func repaired(t *testing.T, w *watch) {
	list := objects(t, sockeye(t, "stats", "--json", w.file).stdout)
	for _, field := range []string{"client_retransmitted", "server_retransmitted", "out_of_order"} {
		if n, _ := list[0][field].(float64); n == 0 {
			t.Errorf("nothing of %s on %s", field, w.on)
		}
	}
}

// compare holds the messages of both sides against the logs.
func (k *talk) compare(t *testing.T, said map[string][]map[string]any) {
	for _, d := range []struct {
		side     string
		from, to *endLog
		browser  bool // sends: it does not tell everything
	}{
		{"client", k.clientLog, k.serverLog, k.browser}, {"server", k.serverLog, k.clientLog, false},
	} {
		var got []entry
		compressed := false
		for _, o := range said[d.side] {
			e, err := capturedEntry(o)
			if err != nil {
				t.Errorf("%s: %s: message %v: %v", k.name, d.side, o["message"], err)
			}
			compressed = compressed || o["compressed"] == true
			got = append(got, e)
		}
		if compressed != (k.mode != plain) {
			t.Errorf("%s: compressed messages of the %s: %v", k.name, d.side, compressed)
		}
		var mute []string // what the receiver does not tell
		if k.browser && d.side == "server" {
			mute = []string{"ping", "pong"}
		}
		same(t, k.name+": the "+d.side+"'s messages, and what the other end received", except(got, mute...), d.to.Received)
		mute = nil
		switch {
		case d.browser:
			mute = []string{"ping", "pong"}
			if !slices.ContainsFunc(d.from.Sent, func(e entry) bool { return e.Op == "close" }) {
				mute = append(mute, "close")
			}
		case k.coder:
			mute = []string{"pong"}
			same(t, k.name+": the "+d.side+"'s pongs, and what it sent", only(got, "pong"), only(d.from.Sent, "pong"))
		}
		same(t, k.name+": the "+d.side+"'s messages, and what it sent", except(got, mute...), except(d.from.Sent, mute...))
	}
}

func except(l []entry, ops ...string) []entry {
	return slices.DeleteFunc(slices.Clone(l), func(e entry) bool { return slices.Contains(ops, e.Op) })
}

func only(l []entry, op string) []entry {
	return slices.DeleteFunc(slices.Clone(l), func(e entry) bool { return e.Op != op })
}

// same compares lists and says where they part.
func same(t *testing.T, what string, got, want []entry) {
	t.Helper()
	i := 0
	for i < len(got) && i < len(want) && got[i].fits(want[i]) {
		i++
	}
	if i == len(got) && i == len(want) {
		return
	}
	context := func(l []entry) string {
		var b strings.Builder
		for _, e := range l[max(0, min(i-1, len(l))):min(i+3, len(l))] {
			fmt.Fprintf(&b, " [%s of %d in %d: %.8s %s]", e.Op, e.Length, e.Frames, e.SHA256, e.Close)
		}
		return b.String()
	}
	t.Errorf("%s: %d and %d; from number %d on they differ: captured%s, logged%s", what, len(got), len(want), i+1, context(got), context(want))
}
