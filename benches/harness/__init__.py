"""What `make bench` runs: each part measures one question and gives a section of RESULTS.md."""
