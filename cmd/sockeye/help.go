package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const exitCodes = `Exit codes:
  0    done
  1    check found errors
  2    wrong usage, or a filter that does not parse
  3    input unreadable, damaged or cut short; what came before it was printed
  4    capture not possible: no right to, or no such interface; says what to do
  5    incomplete for another reason: packets dropped by the kernel, a bound
       reached, output not written
  130  interrupted; what was seen so far was printed
`

const settingsHelp = `Settings: flags such as color, payload or decode-as can be set for good, in
$XDG_CONFIG_HOME/sockeye/config.toml as color = "never" (for one command below
[its name]) or in the environment as SOCKEYE_COLOR. The environment goes before
the file, a flag before both.
`

// help prints all there is to know about a command.
func help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(w, "%s\n\n", strings.TrimSpace(about))
	writeUsage(w, cmd)
}

// usage is help without the description.
func usage(cmd *cobra.Command) error {
	writeUsage(cmd.OutOrStderr(), cmd)
	return nil
}

func writeUsage(w io.Writer, cmd *cobra.Command) {
	fmt.Fprintln(w, "Usage:")
	if cmd.Runnable() {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND ...\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	writeCommands(w, cmd)
	writeFlags(w, cmd.Flags())
	if cmd.HasParent() {
		return
	}
	fmt.Fprintf(w, "\n%s\n%s\nMore about a command: %s COMMAND --help\n", exitCodes, settingsHelp, cmd.CommandPath())
}

// writeCommands lists subcommands by group; those of no group come last.
func writeCommands(w io.Writer, cmd *cobra.Command) {
	for _, g := range append(cmd.Groups(), &cobra.Group{Title: "Commands"}) {
		title := "\n" + g.Title + ":\n"
		for _, c := range cmd.Commands() {
			if c.GroupID != g.ID || !c.IsAvailableCommand() && c.Name() != "help" {
				continue
			}
			fmt.Fprintf(w, "%s  %-11s %s\n", title, c.Name(), c.Short)
			title = ""
		}
	}
}

// writeFlags lists flags by group, those of no group last.
func writeFlags(w io.Writer, all *pflag.FlagSet) {
	for _, title := range append(groups, "Help") {
		set := pflag.NewFlagSet(title, pflag.ContinueOnError)
		set.SortFlags = false
		all.VisitAll(func(f *pflag.Flag) {
			if g := f.Annotations[groupKey]; title == "Help" && g == nil || g != nil && g[0] == title {
				set.AddFlag(f)
			}
		})
		if set.HasAvailableFlags() {
			fmt.Fprintf(w, "\n%s:\n%s", title, set.FlagUsagesWrapped(helpWidth()))
		}
	}
}

// helpWidth is the width that help is wrapped to.
func helpWidth() int {
	if w := outputWidth(os.Stdout); w > 0 {
		return min(max(w, 40), 100)
	}
	return 80
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about a command", GroupID: groupOther,
		Example: "  sockeye help messages",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				name := strings.Join(args, " ")
				return misuse(cmd.Root(), fmt.Errorf("there is no command %q%s", name, didYouMean(cmd, name)))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
