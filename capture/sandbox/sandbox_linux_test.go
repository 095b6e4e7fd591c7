package sandbox_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-dev/sockeye/capture/live"
	"github.com/sockeye-dev/sockeye/capture/sandbox"
)

// The helper is this program, told by its environment to capture in a sandbox.
const (
	helperDir  = "SOCKEYE_TEST_SANDBOX_DIR"
	helperUser = "SOCKEYE_TEST_SANDBOX_USER"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		if err := helper(dir); err != nil {
			fmt.Fprintln(os.Stderr, "helper:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// outcome is what the helper tells of itself.
type outcome struct {
	Report  sandbox.Report
	Line    string
	Packets int
	// Tried maps what was tried to its error; "" is a success.
	Tried map[string]string
}

// helper opens a capture on its own loopback, gives up its rights, and tells what
// it can still do. Then it waits until its input ends.
func helper(dir string) error {
	out, err := prepare()
	if err != nil {
		return err
	}
	h, err := live.Open(live.Options{Interfaces: []string{"lo"}})
	if err != nil {
		return err
	}
	defer h.Close()
	// Threads from before, as the runtime has them.
	stop := make(chan struct{})
	for range 4 {
		go func() { runtime.LockOSThread(); <-stop }()
	}
	defer close(stop)
	var o outcome
	if o.Report, err = sandbox.Apply(sandbox.Options{User: os.Getenv(helperUser), Write: []string{dir}}); err != nil {
		return err
	}
	o.Line = o.Report.String()
	for range 4 { // and threads from afterwards
		go func() { runtime.LockOSThread(); <-stop }()
	}
	for range 100 {
		if _, err := out.Write([]byte("still captured")); err != nil {
			return err
		}
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if st, err := h.Stats(); err != nil {
			return err
		} else if st.Received+st.Dropped >= 100 {
			break
		}
	}
	h.Interrupt()
	for {
		if _, err := h.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		o.Packets++
	}
	o.Tried = try(dir)
	if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// prepare switches loopback on and returns a socket that sends to itself.
func prepare() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return nil, err
	}
	ifr.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return nil, err
	}
	addr := &unix.SockaddrInet4{Port: 4242, Addr: [4]byte{127, 0, 0, 1}}
	if err := unix.Bind(fd, addr); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "udp"), unix.Connect(fd, addr)
}

func try(dir string) map[string]string {
	tried := map[string]string{}
	note := func(what string, err error) {
		tried[what] = ""
		if err != nil {
			tried[what] = err.Error()
		}
	}
	inside := filepath.Join(dir, "out.pcapng")
	note("write inside", os.WriteFile(inside, []byte("captured"), 0o600))
	note("rename inside", os.Rename(inside, inside+".1"))
	_, err := os.ReadFile(inside + ".1")
	note("read inside", err)
	_, err = os.ReadDir(dir)
	note("list inside", err)
	note("remove inside", os.Remove(inside+".1"))
	note("write outside", os.WriteFile(filepath.Join(filepath.Dir(dir), "outside"), nil, 0o600))
	note("symlink inside", os.Symlink("/", filepath.Join(dir, "link")))
	_, err = os.ReadFile("/etc/shadow")
	note("shadow", err)
	_, err = os.ReadFile("/etc/hostname")
	note("world-readable file", err)
	_, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	note("packet socket", err)
	_, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	note("tcp socket", err)
	note("another program", exec.Command("/bin/true").Run())
	note("root again", unix.Setuid(0))
	note("signal to the parent", unix.Kill(os.Getppid(), 0))
	_, err = unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
	note("executable memory", err)
	return tried
}

// helperProgram returns the path of this program built without cgo: with cgo the
// runtime cannot apply everything.
func helperProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "CGO_ENABLED" && s.Value == "0" {
				return self
			}
		}
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("this test program has cgo, and there is no go command to build one without")
	}
	path := filepath.Join(t.TempDir(), "helper")
	build := exec.Command("go", "test", "-c", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the helper: %v\n%s", err, out)
	}
	return path
}

// start runs the helper in a network namespace of its own until the test ends.
func start(t *testing.T, program, user string) (outcome, int) {
	t.Helper()
	dir := filepath.Join(openDir(t), "output")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), helperDir+"="+dir, helperUser+"="+user)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("helper: %v\n%s", err, &stderr)
		}
	})
	timer := time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the helper says nothing: %v\n%s", err, &stderr)
	}
	var o outcome
	if err := json.Unmarshal(line, &o); err != nil {
		t.Fatal(err)
	}
	return o, cmd.Process.Pid
}

// openDir is a new folder that any user may walk through.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "sockeye-sandbox")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestApply(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give it up")
	}
	program := helperProgram(t)
	o, pid := start(t, program, "4711:4712")
	t.Log(o.Line)
	if o.Packets != 100 {
		t.Errorf("%d packets captured in the sandbox, want 100", o.Packets)
	}
	allowed := map[string]bool{"write inside": true, "rename inside": true, "read inside": true, "list inside": true, "remove inside": true}
	for what, err := range o.Tried {
		landlock := strings.Contains(o.Line, "Landlock") && !strings.Contains(o.Line, "not applied")
		if !landlock && (what == "symlink inside" || what == "world-readable file" || what == "write outside") {
			continue // Landlock alone forbids these; the report said that it is missing
		}
		if (err == "") != allowed[what] {
			t.Errorf("%s: %q", what, err)
		}
	}
	if len(o.Tried) != 15 {
		t.Errorf("%d things tried", len(o.Tried))
	}

	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) < 8 {
		t.Fatalf("%d threads, %v", len(threads), err)
	}
	want := map[string]string{
		"CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapInh": "0000000000000000",
		"CapBnd": "0000000000000000", "CapAmb": "0000000000000000",
		"NoNewPrivs": "1", "Seccomp": "2", "Groups": "",
		"Uid": "4711 4711 4711 4711", "Gid": "4712 4712 4712 4712",
	}
	for _, path := range threads {
		have := status(t, path)
		for key, value := range want {
			if got, ok := have[key]; !ok || got != value {
				t.Errorf("%s: %s is %q, want %q", path, key, got, value)
			}
		}
	}
}

func status(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		have[key] = strings.Join(strings.Fields(value), " ")
	}
	return have
}

// The report does not claim what was not done.
func TestReportIsTrue(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give it up")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// This program as it was built, with cgo or without.
	o, pid := start(t, self, "4711")
	t.Log(o.Line)
	for _, path := range []string{fmt.Sprintf("/proc/%d/status", pid)} {
		have := status(t, path)
		for measure, is := range map[string]bool{
			"no capabilities": have["CapEff"] == "0000000000000000" && have["CapPrm"] == "0000000000000000",
			"no_new_privs":    have["NoNewPrivs"] == "1",
			"seccomp":         have["Seccomp"] == "2",
			"user 4711:4711":  have["Uid"] == "4711 4711 4711 4711",
		} {
			claimed := false
			for _, a := range o.Report.Applied {
				claimed = claimed || a == measure
			}
			if claimed && !is {
				t.Errorf("%s is claimed, but is not so", measure)
			}
		}
	}
	if o.Report.UID != 4711 || o.Packets != 100 || o.Tried["packet socket"] == "" || o.Tried["shadow"] == "" {
		t.Errorf("%+v", o)
	}
}

func TestRootIsNoUserToBecome(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, for which alone the user is looked up")
	}
	for _, user := range []string{"root", "0", "no such user", "-1", "nobody:no such group"} {
		if r, err := sandbox.Apply(sandbox.Options{User: user}); err == nil || len(r.Applied) != 0 {
			t.Fatalf("user %q: %v, %v", user, r, err)
		}
	}
	if _, err := sandbox.Apply(sandbox.Options{Write: []string{"/no/such/folder"}}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a folder that is not there: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Fatal("rights were given up after an error")
	}
}

func TestReportInOneLine(t *testing.T) {
	r := sandbox.Report{Applied: []string{"user nobody (65534:65534)", "no capabilities"}, Missing: []string{"Landlock (this kernel has none: Linux 5.13)"}}
	const want = "rights given up: user nobody (65534:65534), no capabilities; not applied: Landlock (this kernel has none: Linux 5.13)"
	if r.String() != want {
		t.Errorf("%s", r)
	}
}
