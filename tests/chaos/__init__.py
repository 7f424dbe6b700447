"""What Tether promises when its parts are killed, stopped, restarted or not read: real processes, real faults.

`make chaos` runs all of it (at most 15 minutes); TETHER_CHAOS_QUICK=1 shortens it (at most 4). The order of faults
comes from a seed that is printed with every failure; TETHER_CHAOS_SEED sets it.
"""
