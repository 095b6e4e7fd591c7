package packet

import (
	"testing"

	"github.com/sockeye-dev/sockeye/capture"
)

// BenchmarkDecode measures the frames that most captures are made of.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"eth-ip4-tcp-timestamps", ethernet(0x0800, ip4(6, tcpTS(payload)))},
		{"eth-ip4-tcp-no-options", ethernet(0x0800, ip4(6, tcp(nil, payload)))},
		{"eth-ip4-tcp-syn-options", ethernet(0x0800, ip4(6, tcp(synOptions, nil)))},
		{"eth-vlan-ip4-tcp", ethernet(0x8100, join(unhex("0007 0800"), ip4(6, tcpTS(payload))))},
		{"eth-ip6-tcp", ethernet(0x86dd, ip6(6, tcpTS(payload)))},
		{"eth-ip4-udp", ethernet(0x0800, ip4(17, udp(payload)))},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := capture.Packet{Link: capture.LinkEthernet, Data: c.data, OrigLen: uint32(len(c.data))}
			var d Decoded
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(&p)
			}
			if d.Stop != StopNone {
				b.Fatal(d.Stop)
			}
		})
	}
}

// BenchmarkHash measures the hash of a flow.
func BenchmarkHash(b *testing.B) {
	f := decode(capture.LinkEthernet, ethernet(0x0800, ip4(6, tcpTS(payload)))).Flow
	var sum uint64
	for b.Loop() {
		sum += f.Hash(sum)
	}
}
