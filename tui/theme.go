package tui

import "github.com/gdamore/tcell/v2"

// role is what a piece of text is, which decides how it looks.
type role uint8

// The roles. None of them is told by colour alone: what they mean also stands
// there as a word, an arrow or a mark.
const (
	rPlain role = iota
	rDim
	rHeading
	rFrame     // borders
	rFocus     // border of the pane that has the keys
	rClient    // what the client sends
	rServer    // what the server sends
	rGood      // verdicts that hold
	rWarning   // warnings, incomplete things
	rError     // errors, resets
	rKey       // keys in hints, names in JSON
	rString    // strings in JSON
	rNumber    // numbers and words in JSON
	rMask      // masking keys
	rBar       // the first and the last line of the screen
	rBarStrong // what stands out in them
	rMatch     // what was searched for
	numRoles
)

// span is a piece of a line in one role.
type span struct {
	role role
	text string
}

// line is one line of the screen.
type line []span

// text returns the line without its roles.
func (l line) text() string {
	n := 0
	for _, s := range l {
		n += len(s.text)
	}
	b := make([]byte, 0, n)
	for _, s := range l {
		b = append(b, s.text...)
	}
	return string(b)
}

// theme is how roles look.
type theme struct {
	name     string
	styles   [numRoles]tcell.Style
	selected tcell.Style // the row of the cursor in the pane that has the keys
	resting  tcell.Style // the row of the cursor in another pane
}

// themes are those that are built in. They use the terminal's own 16 colours,
// so that they fit whatever background it has.
func themes() []*theme { return []*theme{darkTheme(), lightTheme(), plainTheme()} }

func darkTheme() *theme {
	d := tcell.StyleDefault
	t := &theme{name: "dark", selected: d.Background(tcell.ColorNavy).Foreground(tcell.ColorWhite), resting: d.Underline(true)}
	t.styles = [numRoles]tcell.Style{
		rPlain: d, rDim: d.Foreground(tcell.ColorGray), rHeading: d.Bold(true), rFrame: d.Foreground(tcell.ColorGray),
		rFocus: d.Foreground(tcell.ColorAqua).Bold(true), rClient: d.Foreground(tcell.ColorAqua), rServer: d.Foreground(tcell.ColorFuchsia),
		rGood: d.Foreground(tcell.ColorLime), rWarning: d.Foreground(tcell.ColorYellow), rError: d.Foreground(tcell.ColorRed).Bold(true),
		rKey: d.Foreground(tcell.ColorAqua), rString: d.Foreground(tcell.ColorLime), rNumber: d.Foreground(tcell.ColorYellow),
		rMask: d.Foreground(tcell.ColorFuchsia), rBar: d.Reverse(true), rBarStrong: d.Reverse(true).Bold(true),
		rMatch: d.Background(tcell.ColorYellow).Foreground(tcell.ColorBlack),
	}
	return t
}

func lightTheme() *theme {
	d := tcell.StyleDefault
	t := &theme{name: "light", selected: d.Background(tcell.ColorSilver).Foreground(tcell.ColorBlack).Bold(true), resting: d.Underline(true)}
	t.styles = [numRoles]tcell.Style{
		rPlain: d, rDim: d.Foreground(tcell.ColorGray), rHeading: d.Bold(true), rFrame: d.Foreground(tcell.ColorGray),
		rFocus: d.Foreground(tcell.ColorNavy).Bold(true), rClient: d.Foreground(tcell.ColorNavy), rServer: d.Foreground(tcell.ColorPurple),
		rGood: d.Foreground(tcell.ColorGreen), rWarning: d.Foreground(tcell.ColorOlive).Bold(true), rError: d.Foreground(tcell.ColorMaroon).Bold(true),
		rKey: d.Foreground(tcell.ColorNavy), rString: d.Foreground(tcell.ColorGreen), rNumber: d.Foreground(tcell.ColorMaroon),
		rMask: d.Foreground(tcell.ColorPurple), rBar: d.Reverse(true), rBarStrong: d.Reverse(true).Bold(true),
		rMatch: d.Background(tcell.ColorYellow).Foreground(tcell.ColorBlack),
	}
	return t
}

// plainTheme has no colours: what NO_COLOR asks for (https://no-color.org).
func plainTheme() *theme {
	d := tcell.StyleDefault
	t := &theme{name: "none", selected: d.Reverse(true), resting: d.Underline(true)}
	for i := range t.styles {
		t.styles[i] = d
	}
	for _, r := range []role{rHeading, rFocus, rError, rWarning, rKey} {
		t.styles[r] = d.Bold(true)
	}
	t.styles[rDim] = d.Dim(true)
	t.styles[rBar], t.styles[rBarStrong] = d.Reverse(true), d.Reverse(true).Bold(true)
	t.styles[rMatch] = d.Reverse(true)
	return t
}
