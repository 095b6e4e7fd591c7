package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// CrashError is a panic of the inspector, after the terminal was put back.
type CrashError struct {
	Report string // the file that says where it happened; empty: none could be written
	Value  any    // what the panic was
}

// Error says what happened and where the report is.
func (e *CrashError) Error() string {
	s := fmt.Sprintf("the inspector broke down: %v", e.Value)
	if e.Report == "" {
		return s + "; no report could be written"
	}
	return s + "; the report is " + e.Report
}

// Run shows a capture until the user quits or ctx ends. screen is nil for the
// terminal; another one has not been initialised. Whatever happens, the terminal is as it was before when it returns; a
// panic becomes a *CrashError. A theme that cannot be read is a *ThemeError before anything is drawn.
func Run(ctx context.Context, src Source, opt Options, screen tcell.Screen) error {
	a, err := newApp(src, opt)
	if err != nil {
		return err
	}
	a.attach(screen)
	return a.run(ctx)
}

// attach prepares the event loop; screen is nil for the terminal.
func (a *App) attach(screen tcell.Screen) {
	a.tv = tview.NewApplication().EnableMouse(true).EnablePaste(true)
	if screen != nil {
		a.tv.SetScreen(screen) // initialises it; twice would leave it half resized
	}
	// The panics of other goroutines end the program too: guard puts the terminal back first.
	a.crashed = func(x any) {
		a.failure.CompareAndSwap(nil, crash(x))
		a.tv.Stop()
	}
	a.tv.SetRoot(&root{tview.NewBox(), a}, true)
}

// run is the event loop.
func (a *App) run(ctx context.Context) (err error) {
	defer func() {
		a.stop.Do(func() { close(a.stopped) })
		if a.conv != nil {
			a.conv.close()
		}
		if x := recover(); x != nil {
			err = crash(x) // tview has put the terminal back
		}
	}()
	defer stopAfter(ctx, a.tv)()
	go func() {
		defer a.guard()
		a.watch()
	}()
	err = a.tv.Run()
	a.stop.Do(func() { close(a.stopped) })
	if failed := a.failure.Load(); failed != nil {
		return failed
	}
	return err
}

// stopAfter has the event loop stop when ctx ends, which may be before it runs: Stop
// by itself would be forgotten then, or take the screen away. forget ends that.
func stopAfter(ctx context.Context, tv *tview.Application) (forget func() bool) {
	return context.AfterFunc(ctx, func() { tv.QueueUpdate(tv.Stop) }) // it waits for ever where the loop has ended
}

// guard is deferred by goroutines of the inspector.
func (a *App) guard() {
	if x := recover(); x != nil {
		a.crashed(x)
	}
}

// crash writes a report about a panic. It holds no captured bytes but those
// that the panic's value itself names.
func crash(x any) *CrashError {
	c := &CrashError{Value: x}
	f, err := os.CreateTemp("", "sockeye-crash-*.txt")
	if err != nil { // rights were given up: perhaps here
		f, err = os.CreateTemp(".", "sockeye-crash-*.txt")
	}
	if err != nil {
		return c
	}
	_, err = fmt.Fprintf(f, "sockeye inspector, %s\n\n%v\n\n%s", time.Now().UTC().Format(time.RFC3339), x, debug.Stack())
	if errors.Join(err, f.Close()) == nil {
		c.Report = f.Name()
	}
	return c
}
