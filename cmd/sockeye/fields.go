package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/query"
)

const fieldsLong = `List the fields of display filters (-Y): name, type, the kinds of events that
can have them, and meaning. docs/filter.md says how filters are written.

With --json, one object a field: name, type, operators, of, meaning, values (the
words it is compared with), examples, aliases (Wireshark's names among them).`

const fieldsExample = `  sockeye fields
  sockeye fields | grep close
  sockeye fields --json | jq -r '.examples[]'
  sockeye messages chat.pcap -Y 'opcode == text and length > 4k'`

func newFields() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "fields", Short: "The display filter's fields", Long: fieldsLong, Example: fieldsExample, GroupID: groupOther,
		Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON {
				return written(writeFields(os.Stdout))
			}
			_, err := io.WriteString(os.Stdout, query.Table())
			return written(err)
		},
	}
	f := cmd.Flags()
	f.VarPF((*boolValue)(&asJSON), "json", "", "JSON Lines").NoOptDefVal = "true"
	f.SetAnnotation("json", groupKey, []string{groupOutput})
	return cmd
}

// written turns the error of writing to standard output into an exit code.
func written(err error) error {
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE):
		return nil // done, or its reader had enough
	}
	return &exitError{exitIncomplete, outputError(err)}
}

// fieldObject is a field as JSON.
type fieldObject struct {
	Name      string   `json:"name"`
	Type      string   `json:"type"`
	Operators []string `json:"operators"`
	Of        []string `json:"of"`
	Meaning   string   `json:"meaning"`
	Values    []string `json:"values,omitempty"`
	Examples  []string `json:"examples,omitempty"`
	Aliases   []string `json:"aliases,omitempty"`
}

func writeFields(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, f := range query.Fields() {
		o := fieldObject{f.Name, f.Type.String(), f.Type.Operators(), kindNames(f.Applies), f.Meaning, f.Values, f.Examples, f.Aliases}
		if err := enc.Encode(o); err != nil {
			return err
		}
	}
	return nil
}

func kindNames(kinds []event.Kind) []string {
	var l []string
	for _, k := range kinds {
		l = append(l, k.String())
	}
	return l
}
