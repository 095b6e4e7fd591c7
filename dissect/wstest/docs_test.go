package wstest_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	gorilla "github.com/gorilla/websocket"

	"github.com/sockeye-dev/sockeye/dissect/wstest"
)

// preview is the server with a bug of docs/testing.md: it answers with the
// first 15 bytes of a message, which may end inside a character.
func preview(w http.ResponseWriter, r *http.Request) {
	up := gorilla.Upgrader{}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		_, b, err := c.ReadMessage()
		if err != nil {
			return
		}
		c.WriteMessage(gorilla.TextMessage, b[:min(len(b), 15)])
	}
}

// The failure that docs/testing.md shows is the one that the test there gets.
func TestDocsFailure(t *testing.T) {
	srv := wstest.NewServer(t, http.HandlerFunc(preview))
	c, _, err := gorilla.DefaultDialer.Dial(srv.WSURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.WriteMessage(gorilla.TextMessage, []byte("späwning in Zürich"))
	if _, b, err := c.ReadMessage(); err != nil || !strings.HasPrefix(string(b), "späwning") {
		t.Fatalf("%q, %v", b, err) // gorilla's client sees nothing wrong
	}
	c.WriteMessage(gorilla.CloseMessage, gorilla.FormatCloseMessage(1000, ""))
	c.ReadMessage()
	c.Close()
	srv.Wait(t)

	failure := verdict(t, func(t testing.TB) { srv.AssertConformant(t) })
	doc, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := leveled(string(doc))
	for _, line := range strings.Split(failure, "\n") {
		if !strings.Contains(shown, leveled(line)) {
			t.Errorf("docs/testing.md does not show the line %q", line)
		}
	}
	if t.Failed() {
		t.Logf("the failure reads:\n%s", failure)
	}
}

var varying = regexp.MustCompile(`127\.0\.0\.1:\d+|[\d.]+ [nµm]?s|\+\d+\.\d+|\d+ bytes from|\s+`)

// leveled makes ports, times and the space between words all the same.
func leveled(s string) string {
	return varying.ReplaceAllStringFunc(s, func(m string) string {
		if strings.TrimSpace(m) == "" {
			return " "
		}
		return "…"
	})
}
