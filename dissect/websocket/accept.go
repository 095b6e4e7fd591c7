package websocket

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// AcceptMistake names the mistake by which a server came from key to a wrong
// Sec-WebSocket-Accept value, "" if it is none of the usual ones or the value
// is right. otherKeys are keys of other handshakes that it may belong to.
func AcceptMistake(key, got string, otherKeys ...string) string {
	want := AcceptKey(key)
	switch {
	case got == want:
		return ""
	case got == key:
		return "the key itself was sent back"
	case got == strings.TrimRight(want, "="):
		return "the base64 padding is missing"
	case strings.EqualFold(got, want):
		return "the right value, but in another letter case; base64 is case-sensitive"
	case got == strings.NewReplacer("+", "-", "/", "_").Replace(want),
		got == strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(want):
		return "the URL-safe base64 alphabet was used"
	case strings.Trim(got, "\"' \t") == want:
		return "the value stands in quotes"
	}
	for _, m := range inputMistakes(key) {
		sum := sha1.Sum(m.input)
		if got == base64.StdEncoding.EncodeToString(sum[:]) {
			return m.name
		}
	}
	if m := encodingMistake([]byte(key+GUID), got); m != "" {
		return m
	}
	for _, k := range otherKeys {
		if k != key && got == AcceptKey(k) {
			return "it was computed from another key, " + clip(k)
		}
	}
	return guidTypo(key, got)
}

type acceptInput struct {
	input []byte
	name  string
}

// inputMistakes are wrong things to hash.
func inputMistakes(key string) []acceptInput {
	in := []acceptInput{
		{[]byte(key), "the key was hashed without the GUID"},
		{[]byte(GUID), "the GUID was hashed without the key"},
		{[]byte(GUID + key), "the GUID was put before the key"},
		{[]byte(key + strings.ToLower(GUID)), "the GUID was written in lower case"},
		{[]byte(key + strings.ReplaceAll(GUID, "-", "")), "the GUID was written without its dashes"},
		{[]byte(key + "{" + GUID + "}"), "the GUID was put in braces"},
		{[]byte(key + " " + GUID), "a space was put between key and GUID"},
		{[]byte(" " + key + GUID), "the space before the key was not trimmed"},
		{[]byte(key + "\r" + GUID), "the line end after the key was hashed too"},
		{[]byte(key + "\r\n" + GUID), "the line end after the key was hashed too"},
		{[]byte(key + "\n" + GUID), "the line end after the key was hashed too"},
		{[]byte(key + GUID + "\n"), "a line end after the GUID was hashed too"},
		{[]byte(key + GUID + "\r\n"), "a line end after the GUID was hashed too"},
		{[]byte(key + GUID + "\x00"), "a NUL after the GUID was hashed too"},
		{[]byte(strings.TrimRight(key, "=") + GUID), "the key's padding was cut off before hashing"},
		{[]byte(strings.ToLower(key) + GUID), "the key was turned to lower case"},
		{[]byte(`"` + key + `"` + GUID), "the key was hashed in quotes"},
		{nil, "nothing at all was hashed"},
	}
	if raw, err := base64.StdEncoding.DecodeString(key); err == nil {
		in = append(in,
			acceptInput{append(raw[:len(raw):len(raw)], GUID...), "the key was decoded first; it must be hashed as text"},
			acceptInput{raw, "the key was decoded, and hashed without the GUID"})
	}
	return in
}

// encodingMistake recognises the right input under another hash or encoding.
func encodingMistake(input []byte, got string) string {
	s1, s2, s5 := sha1.Sum(input), sha256.Sum256(input), md5.Sum(input)
	hexa := []byte(hex.EncodeToString(s1[:]))
	b64 := base64.StdEncoding.EncodeToString
	switch {
	case strings.EqualFold(got, string(hexa)):
		return "hex was sent instead of base64"
	case got == b64(hexa), got == b64(bytes.ToUpper(hexa)):
		return "the hexadecimal form of the hash was encoded, not the hash"
	case got == b64(s2[:]), strings.EqualFold(got, hex.EncodeToString(s2[:])):
		return "SHA-256 was used instead of SHA-1"
	case got == b64(s5[:]), strings.EqualFold(got, hex.EncodeToString(s5[:])):
		return "MD5 was used instead of SHA-1"
	case got == b64([]byte(b64(s1[:]))):
		return "base64 was applied twice"
	case got == b64(input):
		return "key and GUID were encoded without being hashed"
	}
	return ""
}

// guidTypo recognises a GUID with one character missing or two neighbours swapped.
func guidTypo(key, got string) string {
	for i := range len(GUID) {
		if got == acceptFrom([]byte(key+GUID[:i]+GUID[i+1:])) {
			return "the GUID is mistyped: the character at position " + strconv.Itoa(i+1) + " is missing"
		}
		if i+1 < len(GUID) && got == acceptFrom([]byte(key+GUID[:i]+GUID[i+1:i+2]+GUID[i:i+1]+GUID[i+2:])) {
			return "the GUID is mistyped: the characters at positions " + strconv.Itoa(i+1) + " and " + strconv.Itoa(i+2) + " are swapped"
		}
	}
	return ""
}
