package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// explainWidth is the width of explanations where the terminal's is not known or larger.
const explainWidth = 100

func newExplain() *cobra.Command {
	all := false
	cmd := &cobra.Command{
		Use: "explain RULE...", Short: "What a rule means, its evidence, causes and fix", GroupID: groupOther,
		Long: `Explain rules of check: what is wrong and why it matters, what it is seen by,
usual causes, what to change, and where it is written. docs/rules.md is the same
text.`,
		Example: `  sockeye explain WS-MASK
  sockeye explain ws-rsv hs-accept     several, in any letter case
  sockeye explain --all | less`,
		ValidArgsFunction: cobra.FixedCompletions(ruleIDs(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := rulesToExplain(all, args)
			if err != nil {
				return misuse(cmd, err)
			}
			return explain(cmd.OutOrStdout(), list)
		},
	}
	cmd.Flags().Var((*boolValue)(&all), "all", "every rule")
	cmd.Flags().Lookup("all").NoOptDefVal = "true"
	return cmd
}

// rulesToExplain are the rules that were named, in that order, or all of them.
func rulesToExplain(all bool, names []string) ([]rules.Rule, error) {
	switch {
	case all && len(names) > 0:
		return nil, errors.New("--all or rules by name, not both")
	case all:
		return rules.All(), nil
	case len(names) == 0:
		return nil, errors.New("no rule: name one, as in sockeye explain WS-MASK, or --all")
	}
	var list []rules.Rule
	for _, id := range names {
		r, ok := rules.ByID(id)
		if !ok {
			return nil, fmt.Errorf("there is no rule %q%s", id, orNearest(id))
		}
		list = append(list, r)
	}
	return list, nil
}

// explain prints explanations, an empty line between them.
func explain(w io.Writer, list []rules.Rule) error {
	width := explainWidth
	if n := outputWidth(os.Stdout); n > 0 {
		width = min(width, n)
	}
	for i, r := range list {
		sep := ""
		if i > 0 {
			sep = "\n"
		}
		if _, err := io.WriteString(w, sep+rules.Text(r, width)); err != nil {
			return written(err)
		}
	}
	return nil
}
