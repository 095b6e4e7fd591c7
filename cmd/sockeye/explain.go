package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect/event"
	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// explainWidth is the width of explanations where the terminal's is not known or larger.
const explainWidth = 100

func newExplain() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "explain RULE...", Short: "What a rule means, its evidence, causes and fix", GroupID: groupOther,
		Long: `Explain rules of check: what is wrong and why it matters, what it is seen by,
usual causes, what to change, and where it is written.`,
		Example: `  sockeye explain WS-MASK
  sockeye explain ws-rsv hs-accept
  sockeye explain --all | less`,
		ValidArgsFunction: cobra.FixedCompletions(ruleIDs(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			list := rules.All()
			if !all {
				if len(args) == 0 {
					return misuse(cmd, errors.New("no rule: name one, as in sockeye explain WS-MASK, or --all"))
				}
				list = nil
				for _, id := range args {
					r, ok := rules.ByID(id)
					if !ok {
						return misuse(cmd, fmt.Errorf("there is no rule %q%s", event.SafeString(id), orNearest(id)))
					}
					list = append(list, r)
				}
			}
			return explain(cmd.OutOrStdout(), list)
		},
	}
	cmd.Flags().Var((*boolValue)(&all), "all", "every rule")
	cmd.Flags().Lookup("all").NoOptDefVal = "true"
	return cmd
}

// explain prints explanations, an empty line between them.
func explain(w io.Writer, list []rules.Rule) error {
	width := explainWidth
	if n := outputWidth(os.Stdout); n > 0 {
		width = min(width, n)
	}
	for i, r := range slices.All(list) {
		sep := ""
		if i > 0 {
			sep = "\n"
		}
		if _, err := io.WriteString(w, sep+rules.Text(r, width)); err != nil {
			return nil // its reader had enough
		}
	}
	return nil
}
