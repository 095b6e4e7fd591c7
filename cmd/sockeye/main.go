// Command sockeye shows what sockets and WebSockets carried, from capture files
// and from interfaces.
//
//	flags ─► input ─► dissect.Analyzer ─► event printer ─► standard output
//	           └ interrupts, progress     progress, notes, errors ─► standard error
//
// A command that reads captures is a row in the table of views, or a cobra
// command of its own that calls options.addTo for the shared flags and
// options.process to be driven over the input.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/sockeye-dev/sockeye/dissect/event"
)

// Exit codes. When several apply, the largest of 2 to 5 wins.
const (
	exitDone        = 0
	exitFindings    = 1
	exitUsage       = 2
	exitInput       = 3
	exitCapture     = 4
	exitIncomplete  = 5
	exitInterrupted = 130
)

// usageError is a command line that cannot be obeyed. help is the command line
// that explains how it should be.
type usageError struct {
	err  error
	help string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// exitError ends the program with a code; err is nil if there is nothing to say.
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
	return report(root.Execute())
}

// report prints what went wrong, once, and returns the exit code.
func report(err error) int {
	var exit *exitError
	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		if exit.err != nil {
			complain(exit.err)
		}
		return exit.code
	case errors.As(err, &usage):
		complain(usage.err)
		showPlace(usage.err)
		fmt.Fprintln(os.Stderr, "Try:", usage.help)
		return exitUsage
	}
	complain(err)
	return exitUsage
}

// showPlace draws the expression that an error is about, marked where it is wrong.
func showPlace(err error) {
	var placed *placedError
	if !errors.As(err, &placed) {
		return
	}
	for _, line := range strings.Split(placed.caret, "\n") {
		fmt.Fprintln(os.Stderr, " ", line)
	}
}

// complain prints an error. File names and arguments can hold anything.
func complain(err error) {
	fmt.Fprintln(os.Stderr, "sockeye:", event.SafeString(err.Error()))
}
