package main

import (
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestInterruptBeforeInput: not even the whole header of the file was read yet.
func TestInterruptBeforeInput(t *testing.T) {
	p := startPiped(t, "--json", "-")
	if _, err := p.in.Write([]byte{0xd4, 0xc3}); err != nil { // half a magic number
		t.Fatal(err)
	}
	waitUntilRead(t, p.in.(*os.File))
	p.Process.Signal(syscall.SIGINT)
	out, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	p.Wait()
	if code := p.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, %s", code, &p.errs)
	}
	if list := objects(t, string(out)); len(list) != 1 {
		t.Errorf("printed %q", out)
	}
}

// waitUntilRead returns when nothing is left in a pipe: its reader has what was
// written and waits for more.
func waitUntilRead(t *testing.T, pipe *os.File) {
	t.Helper()
	raw, err := pipe.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(hangs); ; time.Sleep(time.Millisecond) {
		left := 0
		raw.Control(func(fd uintptr) { left, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the program does not read its input")
		}
	}
}
