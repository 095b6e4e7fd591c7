// Package websocket parses and judges the bytes of the WebSocket protocol
// (RFC 6455) and of permessage-deflate's negotiation (RFC 7692).
//
//	bytes ─► ParseHeader ─► Header ─► Unmask ─► payload ─► UTF8, ParseClose
//	             │             └► FrameJudge, JudgeClose ─► []Problem
//	             └ after a hole, or in midstream: Search finds the next header
//	HTTP heads ─► Request, Response ─► JudgeHandshake ─► []Problem
//
// Parse first, judge second: an illegal frame is still a frame, and what is
// wrong with it is said by the judges, each case with its clause. The package
// knows nothing of packets or connections: everything works on any []byte, and
// nothing here keeps a slice that it was given.
package websocket
