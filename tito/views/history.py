"""What happened in a milestone's year: who it was, and what came of it."""

from __future__ import annotations

HISTORY = {
    "perceptron": "Frank Rosenblatt, a psychologist at the Cornell Aeronautical Laboratory, "
    "proposed the perceptron in 1957. In his machine, the Mark I, motors turned the weights. "
    "In 1969 Marvin Minsky and Seymour Papert proved what a single layer cannot learn, XOR among "
    "it, and for years few people worked on neural networks.",
    "xor": "David Rumelhart, Geoffrey Hinton and Ronald Williams showed in Nature in 1986 that "
    "backpropagation makes hidden units find features of their own. Seppo Linnainmaa had described "
    "the method in 1970, and Paul Werbos had proposed it for neural networks. Nearly every network "
    "since then is trained this way.",
    "mlp_digits": "In 1989 Yann LeCun and his colleagues at Bell Labs trained a network by "
    "backpropagation to read handwritten ZIP codes from real mail. It was one of the first to do "
    "useful work on raw pixels. Its successors went on to read checks in banks.",
    "cnn": "Yann LeCun, Léon Bottou, Yoshua Bengio and Patrick Haffner described LeNet-5 in 1998; "
    "a check reader built on it read several million checks a day. In 2012 a much larger one, "
    "AlexNet by Alex Krizhevsky, Ilya Sutskever and Geoffrey Hinton, won the ImageNet contest "
    "by far, and deep learning took off.",
    "transformer": "Ashish Vaswani and seven others at Google published Attention Is All You Need "
    "in 2017, for translation. Without recurrence, all places of a text are trained at once. BERT "
    "and GPT followed within a year or so, and today's large language models are transformers.",
    "lstm": "Sepp Hochreiter found in 1991, in his diploma thesis, why gradients vanish over many "
    "steps; in 1997 he and Jürgen Schmidhuber published the LSTM. Felix Gers added the forget gate "
    "in 2000. In the 2010s LSTMs recognized speech in phones and, from 2016, ran Google Translate.",
    "resnet": "Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun at Microsoft Research won the "
    "ImageNet contest of 2015 with 152 layers. Batch normalization, by Sergey Ioffe and Christian "
    "Szegedy, was of the same year. Shortcuts are in nearly every deep network since, "
    "transformers included.",
    "gpt": "Tom Brown and thirty others at OpenAI described GPT-3 in 2020: 175 billion parameters, "
    "trained only to predict the next token, and able to do tasks from a few examples in its "
    "prompt. ChatGPT, which came of its successors, was opened to everyone in November 2022.",
}
