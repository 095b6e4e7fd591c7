package rules

// rfc6455 is a section of The WebSocket Protocol; the others are alike.
func rfc6455(section, title string) Ref { return Ref{RFC: 6455, Section: section, Title: title} }
func rfc7692(section, title string) Ref { return Ref{RFC: 7692, Section: section, Title: title} }
func rfc8441(section, title string) Ref { return Ref{RFC: 8441, Section: section, Title: title} }
func rfc9110(section, title string) Ref { return Ref{RFC: 9110, Section: section, Title: title} }
func rfc9112(section, title string) Ref { return Ref{RFC: 9112, Section: section, Title: title} }
func rfc9293(section, title string) Ref { return Ref{RFC: 9293, Section: section, Title: title} }

func page(title, address string) Ref { return Ref{Title: title, Page: address} }
