// Command sockeye shows what sockets and WebSockets carried, from capture files.
//
//	flags ─► pcapfile.OpenAll ─► dissect.Analyzer ─► event printer ─► standard output
//	                                                 progress, notes, errors ─► standard error
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes. When several apply, the largest of 2 to 5 wins.
const (
	exitDone        = 0
	exitUsage       = 2
	exitInput       = 3
	exitIncomplete  = 5
	exitInterrupted = 130
)

// usageError is a command line that cannot be obeyed.
type usageError struct{ error }

// exitError ends the program with a code; its error was printed already, or is nil.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	// A closed pipe is an error of write, not the end of the process: it ends quietly.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(os.Args[1:]))
}

// run executes a command line and returns the exit code.
func run(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.Execute()
	var exit *exitError
	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(os.Stderr, "sockeye:", exit.err)
		}
		return exit.code
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "sockeye:", usage.error)
		fmt.Fprintln(os.Stderr, "Try: sockeye --help")
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, "sockeye:", err)
	return exitUsage
}
