"""A trained network, put to use: what `tito play` asks, and what the network answers.

    answers.py    an answer, and a question that cannot be answered
    kept.py       a kept run: what was trained, and its weights
    networks.py   the network of a milestone with these weights
    png.py        a PNG file as an array of gray values
    drawing.py    any drawing as 8 x 8 pixels, like the digits of the course
    points.py     perceptron and xor: one point
    digits.py     mlp_digits, cnn and resnet: a digit
    sequences.py  transformer and lstm: a sequence
    texts.py      gpt: a sum, or the start of a name
    attending.py  transformer and gpt: where attention looks, for the page of `tito show`
    __main__.py   the program: one question a line, one answer a line

The framework runs in the judged process, with its limits, as in a milestone.
"""
