package wstest_test

import (
	"bytes"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/sockeye-dev/sockeye/dissect/websocket"
	"github.com/sockeye-dev/sockeye/dissect/wstest"
)

// scenes are recordings of all sorts, each ended.
var scenes = map[string]func(t *testing.T) *wstest.Recording{
	"coder": func(t *testing.T) *wstest.Recording {
		srv := wstest.NewServer(t, coderEcho(t, nil))
		coderTalk(t, srv.WSURL(), nil, texts...)
		return srv.Recording
	},
	"compressed, two connections": func(t *testing.T) *wstest.Recording {
		srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{EnableCompression: true}))
		for range 2 {
			gorillaTalk(t, srv.WSURL(), &gorilla.Dialer{EnableCompression: true}, texts...)
		}
		return srv.Recording
	},
	"tls": func(t *testing.T) *wstest.Recording {
		srv := wstest.NewTLSServer(t, coderEcho(t, nil))
		coderTalk(t, srv.WSURL(), &coder.DialOptions{HTTPClient: srv.Client()}, texts...)
		return srv.Recording
	},
	"both ends in one recorder": func(t *testing.T) *wstest.Recording {
		srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{}))
		gorillaTalk(t, srv.WSURL(), &gorilla.Dialer{NetDialContext: srv.DialContext}, texts...)
		return srv.Recording
	},
	"large message": func(t *testing.T) *wstest.Recording {
		srv := wstest.NewServer(t, gorillaEcho(&gorilla.Upgrader{WriteBufferSize: 300_000}))
		gorillaTalk(t, srv.WSURL(), &gorilla.Dialer{WriteBufferSize: 300_000}, strings.Repeat("0123456789", 20_000))
		return srv.Recording
	},
	"unmasked client": func(t *testing.T) *wstest.Recording {
		srv := wstest.NewServer(t, coderEcho(t, nil))
		rawClient(t, srv.Listener.Addr().String(), frame(websocket.Text, 0, []byte("naked")))
		return srv.Recording
	},
}

// A saved recording decodes to the very same events as the recording, times
// and packet numbers included.
func TestSave(t *testing.T) {
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			rec := scene(t)
			rec.Wait(t)
			path := filepath.Join(t.TempDir(), "saved.pcapng")
			if err := rec.Save(path); err != nil {
				t.Fatal(err)
			}
			sameEvents(t, wstest.FromCapture(t, path), rec)

			again := filepath.Join(t.TempDir(), "again.pcapng")
			if err := wstest.FromCapture(t, path).Save(again); err != nil {
				t.Fatal(err)
			}
			sameEvents(t, wstest.FromCapture(t, again), rec)
		})
	}
}

func sameEvents(t *testing.T, got, want *wstest.Recording) {
	t.Helper()
	if len(want.Frames(t)) == 0 {
		t.Fatal("nothing to compare")
	}
	for what, pair := range map[string][2]any{
		"connections": {got.Connections(t), want.Connections(t)},
		"handshakes":  {got.Handshakes(t), want.Handshakes(t)},
		"frames":      {got.Frames(t), want.Frames(t)},
		"messages":    {got.Messages(t), want.Messages(t)},
		"findings":    {got.Findings(t), want.Findings(t)},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s differ:\n got %+v\nwant %+v", what, pair[0], pair[1])
		}
	}
}

// One connection is saved alone.
func TestSaveConnection(t *testing.T) {
	rec := scenes["compressed, two connections"](t)
	rec.Wait(t)
	path := filepath.Join(t.TempDir(), "second.pcapng")
	if err := rec.Connection(t, 2).Save(path); err != nil {
		t.Fatal(err)
	}
	got := wstest.FromCapture(t, path)
	if n := len(got.Connections(t)); n != 1 {
		t.Errorf("%d connections", n)
	}
	good(t, got, texts...)
}

// Wireshark's decoder reads a saved recording without a complaint and sees the
// same frames.
func TestSavedInTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: saved recordings are not held against it")
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			rec := scene(t)
			rec.Wait(t)
			path := filepath.Join(t.TempDir(), "saved.pcapng")
			if err := rec.Save(path); err != nil {
				t.Fatal(err)
			}
			run := func(args ...string) string {
				t.Helper()
				cmd := exec.Command(tshark, append([]string{"-n", "-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}, args...)...)
				var errors bytes.Buffer
				cmd.Stderr = &errors
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("tshark: %v\n%s", err, errors.Bytes())
				}
				return string(out)
			}
			complaints := run("-Y", "_ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0")
			if complaints != "" {
				t.Errorf("tshark complains about\n%s", complaints)
			}
			want, got := map[string]int{}, map[string]int{}
			for _, f := range rec.Frames(t) {
				want[fmt.Sprint(f.Opcode)]++
			}
			for _, op := range strings.FieldsFunc(run("-Y", "websocket", "-T", "fields", "-e", "websocket.opcode"), func(r rune) bool { return r == ',' || r == '\n' }) {
				got[op]++
			}
			if !maps.Equal(got, want) {
				t.Errorf("tshark sees frames by opcode %v, want %v", got, want)
			}
			if n := strings.Count(run("-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0"), "\n"); n != len(rec.Connections(t)) {
				t.Errorf("tshark sees %d connections, want %d", n, len(rec.Connections(t)))
			}
		})
	}
}
