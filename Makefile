.PHONY: build test lint fuzz bench pgo compare golden pcaps

build: ## the program, without cgo, as ./sockeye
	CGO_ENABLED=0 go build -trimpath -o sockeye ./cmd/sockeye

test: ## every test that needs neither root nor a peer
	go test ./...

lint: ## format, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

FUZZTIME ?= 60s
fuzz: ## every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

bench: ## ns a packet, MB/s and allocations of every floor
	go test -pgo=$(CURDIR)/cmd/sockeye/default.pgo -run '^$$' -bench . -benchmem ./...

pgo: ## the profile that guides the compiler: after changes of what happens to every packet
	go test -trimpath ./dissect -run '^$$' -bench 'Pipeline/.*/[45]' -benchtime 20x -o $${TMPDIR:-/tmp}/dissect.test -cpuprofile cpu.out
	go tool pprof -proto cpu.out >cmd/sockeye/default.pgo
	rm cpu.out

compare: ## sockeye beside tcpdump, tshark, tcpflow, gopacket; writes docs/performance.md
	bench/compare

golden: ## write the golden files, docs/rules.md and the output in docs/check.md anew
	go test ./dissect/event ./dissect/export ./dissect/query ./dissect/rules ./cmd/sockeye -update

pcaps: ## make the generated captures anew
	go generate ./pcaps/...
