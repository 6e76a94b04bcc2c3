# Names for the long commands. Each step says what it does; `.ci/run` uses the same ones.
.PHONY: run stop test build web setup fmt lint doc bench fuzz clean test-kafka
export CARGO_TERM_COLOR ?= auto
ADDRESS ?= 127.0.0.1:8750

run: build ## build what is missing, start the service, end with the page's address
	@scripts/start $(ADDRESS)

stop: ## stop the service that `make run` started
	@scripts/stop

test: setup web ## everything that must pass: Rust, dashboard, browser
	cargo test --workspace --locked
	cargo build --release --locked --package groundswell-cli
	cd web && npm run --silent lint && npm run --silent test
	scripts/test-browser

test-kafka: setup ## Kafka as a source and as a receiver, against brokers that the tests start
	cargo test --locked --package groundswell-sources --features kafka --lib kafka
	cargo test --locked --package groundswell-sources --features kafka --test conformance kafka
	GROUNDSWELL_KAFKA_BROKER=$$(scripts/kafka-broker) cargo test --locked --package groundswell-sources --features kafka --test kafka
	cargo test --locked --package groundswell-deliver --features kafka --lib kafka
	cargo test --locked --package groundswell-deliver --features kafka --test kafka
	cargo test --locked --package groundswell-cli --features kafka-tests --test kafka_kill

build: setup web ## the binary, with the dashboard inside
	@echo "→ building the binary (the first time takes some minutes)"
	cargo build --release --locked --package groundswell-cli

web: setup ## the dashboard
	@scripts/build-web

setup: ## install what is missing on this machine, and say so
	@scripts/setup

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

bench: build ## speed of the whole path
	target/release/groundswell bench

clean:
	cargo clean
	rm -rf web/dist web/node_modules
