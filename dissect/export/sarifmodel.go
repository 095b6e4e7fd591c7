package export

import (
	"fmt"
	"strings"

	"github.com/sockeye-dev/sockeye/dissect/rules"
)

// sarifSchema is where the schema of the version is published (OASIS SARIF 2.1.0 errata 01).
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// The objects of a log, with the keys that are used here. The section is that of
// SARIF 2.1.0.
type (
	sarifTool struct { // §3.18
		Driver sarifComponent `json:"driver"`
	}
	sarifComponent struct { // §3.19
		Name           string      `json:"name"`
		FullName       string      `json:"fullName"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct { // §3.49 reportingDescriptor
		ID               string        `json:"id"`
		Name             string        `json:"name"`
		ShortDescription sarifText     `json:"shortDescription"`
		FullDescription  sarifText     `json:"fullDescription"`
		Help             sarifText     `json:"help"`
		HelpURI          string        `json:"helpUri"`
		Default          sarifDefault  `json:"defaultConfiguration"`
		Properties       sarifRuleTags `json:"properties"`
	}
	sarifDefault struct { // §3.50 reportingConfiguration
		Level string `json:"level"`
	}
	sarifRuleTags struct {
		Tags      []string `json:"tags"`
		Precision string   `json:"precision"`
		Problem   string   `json:"problem.severity"` // what GitHub sorts by
		Reference string   `json:"reference,omitempty"`
	}
	sarifText struct { // §3.11 message, §3.12 multiformatMessageString
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifInvocation struct { // §3.20
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct { // §3.58
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifArtifact struct { // §3.24
		Location sarifArtifactLocation `json:"location"`
		Roles    []string              `json:"roles"`
	}
	sarifArtifactLocation struct { // §3.4
		URI   string `json:"uri"`
		Index *int   `json:"index,omitempty"`
	}
	sarifResult struct { // §3.27
		RuleID              string            `json:"ruleId"`
		RuleIndex           *int              `json:"ruleIndex,omitempty"`
		Level               string            `json:"level"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
		Properties          sarifProperties   `json:"properties"`
	}
	sarifLocation struct { // §3.28
		PhysicalLocation *sarifPhysical `json:"physicalLocation,omitempty"`
		LogicalLocations []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct { // §3.29
		ArtifactLocation sarifArtifactLocation `json:"artifactLocation"`
	}
	sarifLogical struct { // §3.33
		Name               string `json:"name"`
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	// sarifProperties are a result's property bag (§3.8): the keys of JSON Lines.
	sarifProperties struct {
		Text      string   `json:"text"`
		Packet    uint64   `json:"packet,omitempty"`
		Packets   []uint64 `json:"packets,omitempty"`
		Conn      uint64   `json:"conn,omitempty"`
		Stream    uint32   `json:"stream,omitempty"`
		From      string   `json:"from,omitempty"`
		Frame     uint64   `json:"frame,omitempty"`
		Message   uint64   `json:"message,omitempty"`
		Reference string   `json:"reference,omitempty"`
		Evidence  string   `json:"evidence,omitempty"`
		Advice    string   `json:"advice,omitempty"`
	}
)

// sarifDriver describes the program and its rules.
func sarifDriver(version string, all []rules.Rule) sarifComponent {
	c := sarifComponent{
		Name: "sockeye", FullName: "sockeye check", Version: version,
		InformationURI: rules.DocsURL, Rules: []sarifRule{},
	}
	for _, r := range all {
		c.Rules = append(c.Rules, sarifRule{
			ID: r.ID, Name: ruleName(r.ID),
			ShortDescription: sarifText{Text: r.Summary + "."},
			FullDescription:  sarifText{Text: r.Meaning},
			Help:             sarifText{Text: rules.Text(r, 0), Markdown: rules.Section(r)},
			HelpURI:          r.URL(),
			Default:          sarifDefault{Level: ruleLevel(r.Severity)},
			Properties:       sarifRuleTags{Tags: []string{"websocket", familyTag(r.Family())}, Precision: "high", Problem: problemSeverity(r.Severity), Reference: r.Reference},
		})
	}
	return c
}

// ruleName is a rule's name in Pascal case, as viewers want it: "WsMaskKey".
func ruleName(id string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(id, "-") {
		fmt.Fprintf(&b, "%s%s", part[:1], strings.ToLower(part[1:]))
	}
	return b.String()
}

func ruleLevel(s rules.Severity) string {
	switch s {
	case rules.Error:
		return "error"
	case rules.Warning:
		return "warning"
	}
	return "note"
}

func problemSeverity(s rules.Severity) string {
	switch s {
	case rules.Error:
		return "error"
	case rules.Warning:
		return "warning"
	}
	return "recommendation"
}

func familyTag(family string) string {
	switch family {
	case "HS":
		return "handshake"
	case "WS":
		return "framing"
	case "PMD":
		return "compression"
	case "TCP":
		return "transport"
	}
	return "capture"
}
