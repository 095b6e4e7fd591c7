package filter

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// oracleLinks are the link types that are held against tcpdump.
var oracleLinks = []capture.LinkType{capture.LinkEthernet, capture.LinkLinuxSLL, capture.LinkLinuxSLL2, capture.LinkRaw,
	capture.LinkNull, capture.LinkLoop, capture.LinkPPP, capture.LinkIPv4, capture.LinkIPv6, capture.LinkPPPEther}

// tcpdump compiles expressions with tcpdump -ddd, and remembers the answers.
type tcpdump struct {
	path  string
	files map[capture.LinkType]string
	mu    sync.Mutex
	known map[string]string
}

// newTcpdump skips the test where tcpdump does not run.
func newTcpdump(t testing.TB) *tcpdump {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("skipped: tcpdump is not installed, the filters are not held against it here")
	}
	d := &tcpdump{path: path, files: make(map[capture.LinkType]string), known: make(map[string]string)}
	dir := t.TempDir()
	for _, l := range oracleLinks {
		h := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
		h = binary.LittleEndian.AppendUint16(h, 2)
		h = binary.LittleEndian.AppendUint16(h, 4)
		h = append(h, make([]byte, 8)...)
		h = binary.LittleEndian.AppendUint32(h, 262144)
		h = binary.LittleEndian.AppendUint32(h, uint32(l))
		d.files[l] = filepath.Join(dir, fmt.Sprintf("%d.pcap", l))
		if err := os.WriteFile(d.files[l], h, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, msg := d.compile("ip", capture.LinkEthernet); msg != "" {
		t.Skip("skipped: tcpdump does not run here: " + msg)
	}
	return d
}

// compile returns tcpdump's program, or what it says against the expression.
func (d *tcpdump) compile(expr string, link capture.LinkType) (Program, string) {
	key := fmt.Sprint(link, " ", expr)
	d.mu.Lock()
	text, ok := d.known[key]
	d.mu.Unlock()
	if !ok {
		cmd := exec.Command(d.path, "-n", "-r", d.files[link], "-ddd", "--", expr)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		text = string(out)
		if err != nil {
			lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			text = "error " + lines[len(lines)-1]
		}
		d.mu.Lock()
		d.known[key] = text
		d.mu.Unlock()
	}
	if msg, bad := strings.CutPrefix(text, "error "); bad {
		return nil, msg
	}
	p, err := ParseRaw(text)
	if err != nil {
		return nil, "ParseRaw: " + err.Error()
	}
	return p, ""
}
