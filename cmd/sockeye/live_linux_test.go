package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// needsCapture skips a test where this user may not capture. The others run side
// by side: each looks at a port of its own, and most of their time is waiting.
func needsCapture(t *testing.T) {
	t.Helper()
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to capture on lo")
	}
}

// openDir is a temporary folder that other users can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sockeye-open")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// smallDisk is a folder on a disk of a size, as in 64k, that everybody may write.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a small disk")
	}
	dir := openDir(t)
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size+",mode=0777"); err != nil {
		t.Skip("this root may not mount a small disk:", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// running is the program capturing.
type running struct {
	*exec.Cmd
	out  *bufio.Reader
	errs *bufio.Reader
	said strings.Builder // standard error so far
}

// startLive starts the program and waits until packets are captured.
func startLive(t *testing.T, args ...string) *running {
	t.Helper()
	return startLiveBy(t, (*exec.Cmd).Start, args...)
}

// startLiveBy is startLive with another way to start a process.
func startLiveBy(t *testing.T, start func(*exec.Cmd) error, args ...string) *running {
	t.Helper()
	r := &running{Cmd: command(args...)}
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := r.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out, r.errs = bufio.NewReader(out), bufio.NewReader(errs)
	if err := start(r.Cmd); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(5*time.Minute, func() { r.Process.Kill() })
	t.Cleanup(func() { timer.Stop(); r.Process.Kill() })
	line, err := r.errs.ReadString('\n')
	r.said.WriteString(line)
	if err != nil || !strings.HasPrefix(line, "sandbox: rights given up: user ") {
		rest, _ := io.ReadAll(r.errs)
		t.Fatalf("%v: %v: standard error %q", args, err, line+string(rest))
	}
	return r
}

// end waits for the program's end and returns what it left, besides the output
// that was read already.
func (r *running) end(t *testing.T) result {
	t.Helper()
	out, err := io.ReadAll(r.out)
	if err != nil {
		t.Fatal(err)
	}
	errs, err := io.ReadAll(r.errs)
	if err != nil {
		t.Fatal(err)
	}
	r.Wait()
	return result{r.ProcessState.ExitCode(), string(out), r.said.String() + string(errs)}
}

// chat is a WebSocket server in this process, and what it saw.
type chat struct {
	*httptest.Server
	port string
}

func newChat(t *testing.T) *chat {
	t.Helper()
	c := &chat{Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for {
			kind, b, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			if err := conn.Write(r.Context(), kind, []byte("echo "+string(b))); err != nil {
				return
			}
		}
	}))}
	t.Cleanup(c.Close)
	_, port, err := net.SplitHostPort(c.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.port = port
	return c
}

// talk holds a conversation of n messages and returns them in order, both
// directions, as "from text".
func (c *chat) talk(t *testing.T, n int) (said []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.URL, "http")+"/chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		text := fmt.Sprintf("message %d", i)
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		_, answer, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, "client "+text, "server "+string(answer))
	}
	if err := conn.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
	return said
}

// over waits until all connections to the server have said their last: their FINs
// and acknowledgements, which come after talk has returned. /proc/net/tcp has ports in
// hexadecimal and the state in its fourth column: 06 is TIME-WAIT, 0A LISTEN.
func (c *chat) over(t *testing.T) {
	t.Helper()
	n, err := strconv.ParseUint(c.port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprintf(":%04X", n)
	open := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		text, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		open = ""
		for l := range strings.Lines(string(text)) {
			if f := strings.Fields(l); len(f) > 3 && (strings.HasSuffix(f[1], port) || strings.HasSuffix(f[2], port)) && f[3] != "06" && f[3] != "0A" {
				open += l
			}
		}
		if open == "" {
			return
		}
	}
	t.Fatalf("still open:\n%s", open)
}

// spoken are the text messages among JSON objects, as talk returns them.
func spoken(list []map[string]any) (l []string) {
	for _, o := range list {
		if o["kind"] == "message" && o["opcode"] == "text" {
			l = append(l, fmt.Sprint(o["from"], " ", o["text"]))
		}
	}
	return l
}

// TestLiveMessages: messages come while the conversation goes on; an interrupt
// ends the capture with all of them, and what was saved reads back the same.
func TestLiveMessages(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	for _, suffix := range []string{"", ".gz", ".zst"} {
		file := filepath.Join(t.TempDir(), "saved.pcapng"+suffix)
		p := startLive(t, "messages", "--json", "-i", "lo", "-f", "tcp port "+c.port, "-w", file)
		want := c.talk(t, 5)
		var seen string
		for range 12 { // ten and two closes, before the end of the capture
			line, err := p.out.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			seen += line
		}
		p.Process.Signal(syscall.SIGINT)
		r := p.end(t)
		r.want(t, exitInterrupted)
		list := objects(t, seen+r.stdout)
		if got := spoken(list); !slices.Equal(got, want) {
			t.Errorf("got %q, the endpoints said %q", got, want)
		}
		end := list[len(list)-1]
		if end["dropped"] != 0.0 || end["truncated_input"] != false || end["connections"] != 1.0 {
			t.Errorf("end %v", end)
		}
		again := sockeye(t, "messages", "--json", file)
		again.want(t, exitDone)
		if again.stdout != seen+r.stdout {
			t.Errorf("%s reads back as\n%snot\n%s", file, again.stdout, seen+r.stdout)
		}
		if n := tsharkCount(t, file); suffix != ".zst" && n != int(end["packets"].(float64)) {
			t.Errorf("tshark reads %d packets of %v", n, end["packets"])
		}
	}
}

// tsharkCount is how many packets tshark reads in a file, without complaint.
func tsharkCount(t *testing.T, file string) int {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("needs tshark (Debian package tshark):", err)
	}
	c := exec.Command("tshark", "-r", file, "-T", "fields", "-e", "frame.number")
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil && !strings.HasSuffix(file, ".zst") { // not every tshark reads zstd
		t.Errorf("tshark: %v: %s", err, &errs)
	}
	return strings.Count(string(out), "\n")
}

// TestLiveLimits: -c and --duration end a capture well.
func TestLiveLimits(t *testing.T) {
	needsCapture(t)
	c := newChat(t)
	p := startLive(t, "stats", "--json", "-i", "lo", "-f", "tcp port "+c.port, "-c", "4")
	c.talk(t, 1)
	r := p.end(t)
	r.want(t, exitDone)
	list := objects(t, r.stdout)
	if end := list[len(list)-1]; end["packets"] != 4.0 {
		t.Errorf("end %v", end)
	}
	p = startLive(t, "conns", "-i", "any", "-p", "--snaplen", "96", "-f", "tcp port "+c.port)
	c.talk(t, 1)
	p.Process.Signal(syscall.SIGINT)
	r = p.end(t)
	r.want(t, exitInterrupted, "1 connection, ")
	if !strings.Contains(r.stdout, "127.0.0.1:"+c.port) || !strings.Contains(r.stdout, "websocket") {
		t.Errorf("printed %q", r.stdout)
	}
	began := time.Now()
	sockeye(t, "conns", "-i", "lo", "--duration", "500ms", "-f", "tcp port "+c.port).want(t, exitDone, "0 connections, ")
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain until ", what)
		}
	}
}

// saidIn returns what was said in a capture that is perhaps still being written.
func saidIn(t *testing.T, file string) []string {
	t.Helper()
	r := sockeye(t, "messages", "--json", file)
	if !strings.HasSuffix(r.stdout, "}\n") {
		return nil // nothing can be read yet
	}
	return spoken(objects(t, r.stdout))
}

// TestLiveCheck: findings of a live capture are named after the interface.
func TestLiveCheck(t *testing.T) {
	needsCapture(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	p := startLive(t, "check", "-i", "lo", "-f", "tcp port "+port, "--rule", "WS-MASK", "-n", "1")
	go func() { // a server that takes anything
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
		conn.Read(make([]byte, 4096))
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	conn.Read(make([]byte, 4096))
	conn.Write([]byte{0x81, 2, 'h', 'i'}) // not masked
	r := p.end(t)
	r.want(t, exitFindings)
	if !strings.HasPrefix(r.stdout, "lo:") || !strings.Contains(r.stdout, " error WS-MASK ") {
		t.Errorf("printed %q", r.stdout)
	}
}

// TestLiveDrops: a reader that is too slow is told how much it missed.
func TestLiveDrops(t *testing.T) {
	needsCapture(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	go func() {
		if conn, err := listener.Accept(); err == nil {
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	// It is stopped, and nobody reads its output: it reads no packets.
	p := startLive(t, "follow", "--json", "-i", "lo", "-f", "tcp port "+port, "--ring", "256k", "--duration", "2s")
	p.Process.Signal(syscall.SIGSTOP)
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	p.Process.Signal(syscall.SIGCONT)
	r := p.end(t)
	r.want(t, exitIncomplete, "incomplete: the kernel dropped ", "--ring helps")
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, `{"kind":"end"`) || strings.Contains(last, `"dropped":0`) {
		t.Errorf("last line %s", last)
	}
}

// TestLiveImpossible: exit code 4, and what to do.
func TestLiveImpossible(t *testing.T) {
	needsCapture(t)
	r := sockeye(t, "messages", "-i", "nosuch0")
	r.want(t, exitCapture, `sockeye: "nosuch0": no such interface; there are `, "lo")
	if err := os.Chmod(filepath.Dir(binary), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, args := range [][]string{{"messages", "-i", "lo"}, {"capture", "-i", "lo", "-w", filepath.Join(dir, "x.pcapng")}, {"interfaces"}} {
		c := command(args...)
		c.Dir = "/"
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		r := finish(t, c)
		r.want(t, exitCapture, "sockeye: this user may not capture: operation not permitted; ")
		if !strings.Contains(r.stderr, "sudo setcap cap_net_raw+ep "+binary) && !strings.Contains(r.stderr, "sudo "+binary) && !strings.Contains(r.stderr, "no_new_privs") {
			t.Errorf("%v: no remedy: %q", args, r.stderr)
		}
		if args[0] == "interfaces" && !strings.Contains(r.stdout, "\nlo ") {
			t.Errorf("interfaces are not listed: %q", r.stdout)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	r = sockeye(t, "messages", "-i", "lo", "--user", "nosuchuser")
	r.want(t, exitCapture, `user "nosuchuser"`, "--no-sandbox")
}

func TestInterfaces(t *testing.T) {
	r := sockeye(t, "interfaces", "--json")
	if r.code != exitDone && r.code != exitCapture {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	list := objects(t, r.stdout)
	found := slices.ContainsFunc(list, func(o map[string]any) bool {
		return o["kind"] == "interface" && o["name"] == "lo" && o["loopback"] == true && o["link_type"] == "ethernet"
	})
	if !found {
		t.Errorf("no lo in %s", r.stdout)
	}
	if may := list[len(list)-2]; may["kind"] != "permission" || may["may_capture"] != (r.code == exitDone) {
		t.Errorf("permission %v, exit code %d", may, r.code)
	}
	r = sockeye(t, "interfaces", "--rate")
	if !strings.Contains(r.stdout, "RECEIVED/S") || !strings.Contains(r.stdout, "\nlo ") {
		t.Errorf("printed %q", r.stdout)
	}
}
