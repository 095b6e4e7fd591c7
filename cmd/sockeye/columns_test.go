package main

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// TestColumns holds that text, CSV and JSON have the same rows, and that CSV is
// what a reader of it understands.
func TestColumns(t *testing.T) {
	const list = "conn,from,packets,length,text"
	for _, file := range []string{"endings.pcap", "misbehave-a.pcap"} {
		for _, command := range []string{"conns", "messages", "frames", "follow", "handshake", "check"} {
			t.Run(command+" "+file, func(t *testing.T) {
				rows := readCSV(t, sockeye(t, command, "-o", "csv", "--fields", list, pcap(file)).stdout)
				usual := readCSV(t, sockeye(t, command, "-o", "csv", pcap(file)).stdout)
				text := slices.Collect(strings.Lines(sockeye(t, command, "--fields", list, pcap(file)).stdout))
				lines := objects(t, sockeye(t, command, "--json", "--fields", list, pcap(file)).stdout)
				if strings.Join(rows[0], ",") != list {
					t.Errorf("header %q", rows[0])
				}
				rows = rows[1:]
				if len(rows) == 0 && command != "check" || len(rows) != len(text) || len(rows) != len(lines)-1 || len(rows) != len(usual)-1 {
					t.Fatalf("%d rows of CSV, %d of text, %d of JSON, %d with the usual columns", len(rows), len(text), len(lines)-1, len(usual)-1)
				}
				for i, row := range rows {
					if from, _ := lines[i]["from"].(string); row[1] != from {
						t.Errorf("row %d: from %q, JSON %v", i, row[1], lines[i])
					}
					// Package csv makes one character of a line's end.
					if said, ok := lines[i]["text"].(string); ok && strings.ReplaceAll(said, "\r\n", "\n") != row[4] {
						t.Errorf("row %d: text %.80q, JSON %.80q", i, row[4], said)
					}
					if cells := strings.Split(text[i], "\t"); len(cells) != 5 || cells[0] != row[0] || cells[3] != row[3] {
						t.Errorf("row %d: %q, as text %q", i, row, cells)
					}
				}
			})
		}
	}
}

func readCSV(t *testing.T, s string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatal("no header")
	}
	return rows
}
