#!/bin/sh
# What an operating system asks of a machine, in a guest: run=/bench/system.sh
/bench/micro
/bench/cold
