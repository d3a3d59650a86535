"""Cheats: people who want the tick without the work. Each adds a trick to one wrong answer.

A trick may touch only its own workspace, the folder around it, and the processes above it: whoever
runs the catalogue has a home and other processes. So no trick walks through /proc or $HOME.
"""
