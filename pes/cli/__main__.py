"""`python -m pes.cli`, which `torchrun` starts: `pes-train`."""

from pes.cli.surfaces import train

if __name__ == "__main__":
    train()
