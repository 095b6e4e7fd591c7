package event

import (
	"slices"
	"strings"
)

// Hidden stands where Redact left out a credential.
const Hidden = "***"

// Redact returns e without the credentials that heads of HTTP carry: values of
// Authorization, of cookies and of headers that are named like tokens, tokens
// among the subprotocols, values of query parameters that are named like
// tokens; in stream data, bytes of such are stars. What messages say stays as it
// is. e is never changed: an event that has a credential is copied, others are returned.
func Redact(e *Event) *Event {
	out := *e
	switch d := e.Detail.(type) {
	case *Handshake:
		out.Detail = redactHandshake(d)
	case *Connection:
		path, protocols := RedactTarget(d.Path), redactProtocols(d.Subprotocol)
		if path == d.Path && protocols == d.Subprotocol {
			return e
		}
		c := *d
		c.Path, c.Subprotocol = path, protocols
		out.Detail = &c
	case *Data:
		var r StreamRedactor
		b := r.Append(nil, d.Bytes)
		if string(b) == string(d.Bytes) {
			return e
		}
		out.Detail = &Data{d.Offset, b}
	case *Finding:
		f := *d
		f.Text, f.Evidence = redactWords(d.Text), redactWords(d.Evidence)
		if f.Rule != "HS-SUBPROTOCOL" || f == *d {
			return e
		}
		out.Detail = &f
	default:
		return e
	}
	return &out
}

func redactHandshake(d *Handshake) *Handshake {
	h := *d
	h.Target = RedactTarget(h.Target)
	h.Origin = RedactTarget(h.Origin)
	h.RequestHeaders, h.ResponseHeaders = redactHeaders(h.RequestHeaders), redactHeaders(h.ResponseHeaders)
	offered := redactProtocols(strings.Join(h.SubprotocolsOffered, ", "))
	if len(h.SubprotocolsOffered) > 0 {
		h.SubprotocolsOffered = strings.Split(offered, ", ")
	}
	h.Subprotocol = redactProtocols(h.Subprotocol)
	h.Verdicts = slices.Clone(h.Verdicts)
	for i := range h.Verdicts {
		if h.Verdicts[i].Rule == "HS-SUBPROTOCOL" {
			h.Verdicts[i].Text = redactWords(h.Verdicts[i].Text)
		}
	}
	return &h
}

func redactHeaders(in []Header) []Header {
	out := slices.Clone(in)
	for i, h := range in {
		out[i].Value = redactHeader(h.Name, h.Value)
	}
	return out
}

func redactHeader(name, value string) string {
	switch headerSecret(name) {
	case secretScheme:
		if scheme, rest, ok := strings.Cut(value, " "); ok && rest != "" {
			return scheme + " " + Hidden
		}
		return Hidden
	case secretCookies:
		pairs := strings.Split(value, ";")
		for i, p := range pairs {
			if strings.EqualFold(name, "set-cookie") && i > 0 {
				break // attributes
			}
			if key, _, ok := strings.Cut(p, "="); ok {
				pairs[i] = key + "=" + Hidden
			} else {
				pairs[i] = Hidden
			}
		}
		return strings.Join(pairs, ";")
	case secretProtocols:
		return redactProtocols(value)
	case secretWhole:
		return Hidden
	case secretURL:
		return RedactTarget(value)
	}
	return value
}

// headerKind says what of a header's value is a credential.
type headerKind uint8

const (
	noSecret        headerKind = iota
	secretWhole                // all of it
	secretScheme               // all behind the first word
	secretCookies              // the values of its pairs
	secretProtocols            // those of its words that look like tokens
	secretURL                  // values in its query
)

func headerSecret(name string) headerKind {
	name = strings.ToLower(name)
	switch name {
	case "authorization", "proxy-authorization":
		return secretScheme
	case "cookie", "set-cookie":
		return secretCookies
	case "sec-websocket-protocol":
		return secretProtocols
	case "location", "content-location", "referer", "origin", "link", "refresh":
		return secretURL
	}
	for _, s := range []string{"token", "secret", "password", "api-key", "apikey", "auth-key", "x-auth", "session", "credential"} {
		if strings.Contains(name, s) {
			return secretWhole
		}
	}
	return noSecret
}

// secretName tells whether a query parameter is named like a credential.
func secretName(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "key", "sid", "sig", "code", "pwd", "pass", "auth", "jwt", "ticket":
		return true
	}
	for _, s := range []string{"token", "secret", "passw", "api_key", "api-key", "apikey", "session", "signature", "credential", "authorization", "access_key", "bearer"} {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}

// RedactTarget returns a request target or URL with Hidden for the values of
// query parameters that are named like credentials, and for a password before the host.
func RedactTarget(s string) string {
	if at := strings.Index(s, "://"); at >= 0 {
		rest := s[at+3:]
		host, _, _ := strings.Cut(rest, "/")
		if user, _, ok := strings.Cut(host, "@"); ok {
			if name, _, ok := strings.Cut(user, ":"); ok {
				s = s[:at+3] + name + ":" + Hidden + rest[len(user):]
			}
		}
	}
	path, query, ok := strings.Cut(s, "?")
	if !ok {
		return s
	}
	out := []byte(path + "?")
	for query != "" {
		end := strings.IndexAny(query, "&;#")
		part, rest := query, ""
		if end >= 0 {
			part, rest = query[:end], query[end:]
		}
		if name, value, ok := strings.Cut(part, "="); ok && value != "" && secretName(name) {
			part = name + "=" + Hidden
		}
		out = append(out, part...)
		if rest != "" {
			out = append(out, rest[0])
			rest = rest[1:]
		}
		query = rest
	}
	return string(out)
}

// redactProtocols hides the subprotocols that look like tokens, or that follow
// one which announces a token, as in "access_token, abc": browsers cannot send
// Authorization, so that servers take tokens here.
func redactProtocols(s string) string {
	parts := strings.Split(s, ",")
	announced := false
	for i, p := range parts {
		word := strings.TrimSpace(p)
		if word == "" {
			continue
		}
		if announced || looksSecret(word) {
			parts[i] = strings.Replace(p, word, Hidden, 1)
		}
		switch strings.ToLower(word) {
		case "access_token", "access-token", "token", "bearer", "authorization", "auth", "jwt":
			announced = !announced
		default:
			announced = false
		}
	}
	return strings.Join(parts, ",")
}

// redactWords hides what looks like a token in a sentence.
func redactWords(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t,;\"'()", r) })
	for _, w := range words {
		if looksSecret(w) {
			s = strings.ReplaceAll(s, w, Hidden)
		}
	}
	return s
}

// looksSecret tells whether a word looks like a token rather than a name: long,
// of the characters of base64, with digits and letters.
func looksSecret(w string) bool {
	if strings.Contains(strings.ToLower(w), "bearer.") {
		return true
	}
	if len(w) < 24 {
		return false
	}
	var digits, upper, lower int
	for i := range len(w) {
		switch c := w[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		case !strings.ContainsRune("-._~+/=|:%", rune(c)):
			return false
		}
	}
	return digits > 0 && (upper > 0 && lower > 0 || digits*8 >= len(w))
}
