package websocket

// isPlain tells whether a handshake is as nearly all are: GET and 101 over HTTP/1.1,
// each field that the rules are about there once, with its usual value, and neither
// subprotocol nor extension. Nothing is wrong with it then. The fields are gone
// through once, instead of once for each rule.
func isPlain(req *Request, resp *Response) bool {
	if req == nil || resp == nil || req.Cut || resp.Cut || req.Method != "GET" || req.Major != 1 || req.Minor < 1 || resp.Status != 101 {
		return false
	}
	var q, a plainFields
	if !q.read(req.Headers) || !a.read(resp.Headers) {
		return false
	}
	if q.host != 1 || q.upgrade != 1 || q.connection != 1 || q.version != 1 || !isUsualKey(q.key) || a.upgrade != 1 || a.connection != 1 {
		return false
	}
	want := acceptOf(q.key)
	return a.accept == string(want[:])
}

// plainFields are the fields of a head that the rules are about: how many, or the
// only one's value.
type plainFields struct {
	host, upgrade, connection, version int
	key, accept                        string
}

// read returns false where there is a field that is not plain, whatever the others say.
func (p *plainFields) read(f Fields) bool {
	for i := range f {
		name, v := f[i].Name, f[i].Value
		switch len(name) {
		case len("Host"):
			if sameName(name, "Host") {
				p.host++
			}
		case len("Upgrade"):
			if sameName(name, "Upgrade") {
				if p.upgrade++; v != "websocket" {
					return false
				}
			}
		case len("Connection"):
			if sameName(name, "Connection") {
				if p.connection++; v != "Upgrade" && !HasToken([]string{v}, "Upgrade") {
					return false
				}
			}
		case len("Sec-WebSocket-Key"):
			if sameName(name, "Sec-WebSocket-Key") {
				if p.key != "" || v == "" {
					return false
				}
				p.key = v
			}
		case len("Sec-WebSocket-Accept"):
			if sameName(name, "Sec-WebSocket-Accept") {
				if p.accept != "" || v == "" {
					return false
				}
				p.accept = v
			}
		case len("Sec-WebSocket-Version"):
			if sameName(name, "Sec-WebSocket-Version") {
				if p.version++; v != "13" {
					return false
				}
			}
		case len("Sec-WebSocket-Protocol"):
			if sameName(name, "Sec-WebSocket-Protocol") {
				return false
			}
		case len("Sec-WebSocket-Extensions"):
			if sameName(name, "Sec-WebSocket-Extensions") {
				return false
			}
		}
	}
	return true
}
