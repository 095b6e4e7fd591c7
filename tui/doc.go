// Package tui is the terminal inspector.
//
//	session.Session ─► model (rows, items, findings) ─► panes and pages ─► canvas ─► screen
//	keys, mouse, commands ─► action table ─► model
//
// One table of actions (actions.go) feeds the keys, the command line, the help,
// the hints and the documentation, so that none of them can name what another
// does not do.
//
// Captured text reaches the screen through canvas.text only, which makes
// control, escape and bidirectional characters visible (event.SafeText); no
// markup is read from anything. The model belongs to the event loop's goroutine;
// other goroutines hand it functions by App.post, which never blocks once the
// inspector has stopped.
package tui
