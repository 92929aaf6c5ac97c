"""How exact the path of packets is: `python -m loadtests.calibration`."""
