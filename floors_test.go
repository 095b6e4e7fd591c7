// Package sockeye_test holds the house's floors: who may import whom.
package sockeye_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/sockeye-dev/sockeye"

// floor is one row of the table in docs/architecture.md: a package and those of
// the project that it may import, besides the grammar packages below it. A
// trailing /... covers a folder.
type floor struct {
	pkg string
	may []string
}

var grammars = []string{"dissect/websocket", "dissect/websocket/deflate", "dissect/http1", "dissect/tls", "dissect/guess"}

var floors = []floor{
	{"cmd/sockeye", []string{"..."}},
	{"tui", []string{"dissect/session", "dissect/event", "dissect/query", "dissect/rules"}},
	{"dissect/wstest", []string{"dissect/...", "reassembly", "capture/..."}},
	{"dissect/session", []string{"dissect", "dissect/event", "dissect/query", "reassembly", "capture/..."}},
	{"dissect/export", []string{"dissect/rules", "dissect/event", "reassembly", "capture/..."}},
	{"dissect/query", []string{"dissect/event", "capture/packet", "capture", "internal/spelling"}},
	{"dissect", []string{"dissect/event", "reassembly", "capture/packet", "capture", "internal/slab"}},
	{"dissect/event", []string{"capture/packet", "capture"}},
	{"reassembly", []string{"capture/packet", "capture", "internal/slab"}},
	{"capture/packet", []string{"capture"}},
	{"capture/pcapfile", []string{"capture"}},
	{"capture/live", []string{"capture", "capture/filter"}},
	{"capture/live/veth", nil},
	{"capture/spool", []string{"capture", "capture/pcapfile"}},
	{"capture/sandbox", nil},
	{"capture/filter", []string{"capture", "internal/spelling"}},
	{"capture", nil},
	{"dissect/websocket", []string{"dissect/websocket/..."}},
	{"dissect/websocket/deflate", nil},
	{"dissect/http1", nil},
	{"dissect/tls", nil},
	{"dissect/guess", nil},
	{"dissect/rules", []string{"internal/spelling"}},
	{"internal/spelling", nil},
	{"internal/slab", nil},
	{"bench", nil},
	{"pcaps/truth", []string{"dissect/event"}},
	{"pcaps/gen", []string{"pcaps/...", "capture/..."}},
	{"pcaps/gen/...", []string{"pcaps/...", "capture/..."}},
}

// libraries are the modules outside the standard library that a package may
// import; packages that are not listed may import any.
var libraries = map[string][]string{
	"capture":                   nil,
	"capture/packet":            nil,
	"capture/spool":             nil,
	"capture/filter":            {"golang.org/x/net"},
	"reassembly":                nil,
	"dissect":                   nil,
	"dissect/websocket":         {"golang.org/x/sys"}, // which instructions the machine has
	"dissect/websocket/deflate": {"golang.org/x/sys"}, // as above
	"dissect/http1":             nil,
	"dissect/tls":               nil,
	"dissect/guess":             nil,
	"dissect/rules":             nil,
	"dissect/wstest":            nil, // the libraries it is tested with stay in its tests
	"capture/pcapfile":          {"github.com/klauspost/compress", "github.com/pierrec/lz4/v4", "github.com/ulikunitz/xz"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// listPackages runs go list over the project.
func listPackages(t *testing.T) []listed {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func matches(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(pkg+"/", prefix)
	}
	return pattern == pkg
}

func anyMatch(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if matches(p, pkg) {
			return true
		}
	}
	return false
}

func floorOf(pkg string) *floor {
	for i := range floors {
		if matches(floors[i].pkg, pkg) {
			return &floors[i]
		}
	}
	return nil
}

func TestFloors(t *testing.T) {
	checked := 0
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if name == "" {
			continue
		}
		f := floorOf(name)
		if f == nil {
			t.Errorf("%s stands on no floor: add it to the table", name)
			continue
		}
		for _, imp := range p.Imports {
			ours, ok := strings.CutPrefix(imp, module+"/")
			if !ok {
				continue
			}
			checked++
			grammar := anyMatch(grammars, ours) && !anyMatch(grammars, name) && strings.HasPrefix(name, "dissect")
			if !anyMatch(f.may, ours) && !grammar {
				t.Errorf("%s imports %s: it may import %v", name, ours, f.may)
			}
		}
	}
	if checked == 0 {
		t.Fatal("no import of the project's own was seen")
	}
}

func TestLibraries(t *testing.T) {
	seen := 0
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		allowed, listed := libraries[name]
		if !listed {
			continue
		}
		seen++
		for _, imp := range p.Imports {
			first, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(imp, module) {
				continue
			}
			ok := false
			for _, a := range allowed {
				ok = ok || imp == a || strings.HasPrefix(imp, a+"/")
			}
			if !ok {
				t.Errorf("%s imports %s: it may import %v", name, imp, allowed)
			}
		}
	}
	if seen != len(libraries) {
		t.Errorf("%d of the %d packages in the table exist", seen, len(libraries))
	}
}
