package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sockeye-dev/sockeye/capture/pcapfile"
)

// smallDisk mounts a file system of a size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("mounting a small file system:", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestFullDisk: with room for less than the ring may hold, older files fall out
// before their time, and the newest packets are whole.
func TestFullDisk(t *testing.T) {
	r := newRing(t, Options{Dir: smallDisk(t, "2m"), Size: 8 << 20, File: 300 << 10})
	fill(t, r, 0, 8000, 1000)
	s := r.State()
	if !errors.Is(s.Shrunk, syscall.ENOSPC) || s.Used > 2<<20 || s.Used < 1<<20 {
		t.Fatalf("%+v", s)
	}
	var out bytes.Buffer
	if _, err := r.Copy(&out, nil, 0); err != nil {
		t.Fatal(err)
	}
	src, err := pcapfile.NewReader("copy", &out)
	if err != nil {
		t.Fatal(err)
	}
	list := numbers(t, src)
	if len(list) < 1000 || list[len(list)-1] != 7999 || list[0] != 8000-len(list) {
		t.Errorf("%d packets from %d to %d", len(list), list[0], list[len(list)-1])
	}
}

// TestNoDisk: when others take the disk away altogether, it is an error, and
// what was written stays readable.
func TestNoDisk(t *testing.T) {
	dir := smallDisk(t, "1m")
	r := newRing(t, Options{Dir: dir, Size: 8 << 20})
	fill(t, r, 0, 100, 1000)
	if err := os.WriteFile(filepath.Join(dir, "other"), make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal("the disk is not full:", err)
	}
	var err error
	for n := 100; n < 2000 && err == nil; n++ {
		err = r.Write(packet(n, 1000))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("written to a full disk: %v", err)
	}
	r.End(err)
	src, openErr := pcapfile.NewReaderAt("spool", r, 1)
	if openErr != nil {
		t.Fatal(openErr)
	}
	if list := numbers(t, src); len(list) != 100 {
		t.Errorf("%d packets are there", len(list))
	}
	if ended, why := r.Ended(); !ended || !errors.Is(why, syscall.ENOSPC) {
		t.Errorf("ended %v: %v", ended, why)
	}
}
