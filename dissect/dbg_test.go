package dissect_test
import ("testing";"os";"github.com/sockeye-dev/sockeye/pcaps/gen/profile";"github.com/sockeye-dev/sockeye/pcaps/gen/track")
func show(t *testing.T, file string, conn uint64, side int, at uint64, around uint64) {
	r := analyzeFile(t, file)
	c := r.Conns[conn]
	t.Logf("%+v", *c.Connection)
	for _, f := range c.Frames[side] { if f.D.Offset+around+4000 > at && f.D.Offset < at+around { t.Logf("frame %+v packets %v", *f.D, f.Packets) } }
	for _, f := range c.Gaps[side] { if f.D.Offset+around > at && f.D.Offset < at+around { t.Logf("gap %+v packets %v", *f.D, f.Packets) } }
	for _, f := range c.Data[side] { if f.D.Offset+around > at && f.D.Offset < at+around { t.Logf("data %d..%d %x packets %v", f.D.Offset,f.D.Offset+uint64(len(f.D.Bytes)), f.D.Bytes, f.Packets) } }
}
func TestDbg(t *testing.T) {
	show(t, pcaps+"/messy-small.pcap", 2, 1, 20823, 700)
	show(t, pcaps+"/messy-small.pcap", 5, 1, 20997, 700)
	show(t, pcaps+"/messy-small.pcap", 1, 1, 29069, 700)
	f,_ := os.Create("/tmp/ov/messy.pcap")
	m,_ := os.Create("/tmp/ov/messy.manifest.json")
	profile.Run(profile.Config{Profile: "messy", Seed: 77, Size: 20e6, Detail: track.Messages, Capture:"messy.pcap"}, f, m)
	show(t, "/tmp/ov/messy.pcap", 254, 0, 14428, 700)
	show(t, "/tmp/ov/messy.pcap", 262, 1, 14904, 700)
	show(t, "/tmp/ov/messy.pcap", 132, 0, 12629, 700)
}
