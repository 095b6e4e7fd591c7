// Package sandbox gives up the rights of the process, for ever and on all of its
// threads, once everything that needs them is open.
//
//	open the capture ─► Apply: no other user's rights ─► no capabilities ─► no_new_privs
//	                           ─► Landlock: files ─► seccomp: system calls ─► Report
//
// A captured packet is hostile input. Whoever takes over the parser that reads it
// finds a process that can write one folder, and nothing else: it cannot become
// another user, open a socket, start a program or read other files.
//
// Apply starts no helper program and needs no cgo. With cgo in the program the Go
// runtime cannot make a system call on every thread; what then does not come
// about is said in the Report, as is what the kernel lacks.
package sandbox

import (
	"fmt"
	"strings"
)

// Options say what the process needs afterwards. Files that are open already stay
// usable and need not be named.
type Options struct {
	// User is the user to become when started as root: a name or a number, with
	// :group or not. Empty: the owner of the working directory, or nobody if that
	// is root. Anybody but root stays who they are.
	User string
	// Write are folders in which files may be made, written, renamed and removed.
	Write []string
	// Own are folders that root gives to the user: made by this process, with nothing in them.
	Own []string
	// Read are files and folders to be read later. What does not exist is left out.
	Read []string
	// Terminal keeps the terminal usable: /dev/tty, and the descriptions of terminals.
	Terminal bool
}

// Report says what was applied.
type Report struct {
	// Applied are the measures taken, in order, as in "no capabilities".
	Applied []string
	// Missing are those that could not be taken, each with why.
	Missing []string
	// UID and GID are who the process is now; -1 where the system has no such numbers.
	UID, GID int
}

// String returns the report in one line.
func (r Report) String() string {
	var s strings.Builder
	if len(r.Applied) == 0 {
		s.WriteString("no rights given up")
	} else {
		fmt.Fprintf(&s, "rights given up: %s", strings.Join(r.Applied, ", "))
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(&s, "; not applied: %s", strings.Join(r.Missing, ", "))
	}
	return s.String()
}

func (r *Report) applied(format string, args ...any) {
	r.Applied = append(r.Applied, fmt.Sprintf(format, args...))
}

func (r *Report) missing(what, why string) {
	r.Missing = append(r.Missing, what+" ("+why+")")
}
