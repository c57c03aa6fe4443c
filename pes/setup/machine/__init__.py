"""What a calculation costs on this machine: versions, CPU time, memory."""
