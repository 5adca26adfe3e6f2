"""Label sequences with a conditional random field, trained by stochastic meta-descent.

A signal is on or off, and hidden by noise; neighbours are mostly alike. The field has an evidence
for each place and a bond between neighbours: four parameters. The likelihood sums over all
labellings by the forward algorithm. Meta-descent adapts a step length for each parameter, with
Hessian-vector products. (Vishwanathan et al., 2006.)
"""

import numpy as np

from dualad import grad, hvp

LENGTH = 30


def sequence(rng):
    labels = [0]
    for _ in range(LENGTH - 1):
        labels.append(labels[-1] ^ int(rng.random() < 0.08))
    labels = np.array(labels)
    return labels + 0.9 * rng.normal(size=LENGTH), labels


def score_rows(w, signal):
    return np.stack([np.zeros(LENGTH), w[0] * signal + w[1]], axis=1)  # for off and on


def bonds(w):
    return np.stack([np.stack([w[2], 0.0]), np.stack([0.0, w[3]])])


def loss(w, signal, labels):
    """Minus the logarithm of the probability of the labels, for each place."""
    rows, bond = score_rows(w, signal), bonds(w)
    picked = np.sum(rows[np.arange(LENGTH), labels]) + np.sum(bond[labels[:-1], labels[1:]])
    total = rows[0]
    for row in rows[1:]:
        paths = total[:, None] + bond
        total = row + np.logaddexp(paths[0], paths[1])
    return (np.logaddexp(total[0], total[1]) - picked) / LENGTH


def most_likely(w, signal):
    """The labels of the best path (Viterbi)."""
    rows, bond, back = score_rows(w, signal), bonds(w), []
    total = rows[0]
    for row in rows[1:]:
        paths = total[:, None] + bond
        back.append(paths.argmax(axis=0))
        total = row + paths.max(axis=0)
    labels = [int(total.argmax())]
    for pointers in reversed(back):
        labels.append(int(pointers[labels[-1]]))
    return np.array(labels[::-1])


def main():
    rng = np.random.default_rng(2006)
    w, v, gains, mu, decay = np.zeros(4), np.zeros(4), np.full(4, 0.5), 0.5, 0.9
    slope, product = grad(loss), hvp(loss)
    data, u = sequence(np.random.default_rng(0)), np.array([0.5, -0.2, 0.3, 0.1])
    by_differences = (slope(u + 1e-6, *data) - slope(u - 1e-6, *data)) / 2e-6
    assert np.allclose(product(u, np.ones(4), *data), by_differences, rtol=1e-5, atol=1e-8)
    for _ in range(30):  # one new sequence at a time
        data = sequence(rng)
        g, hv = slope(w, *data), product(w, v, *data)
        gains = gains * np.maximum(0.5, 1 - mu * g * v)
        w, v = w - gains * g, decay * v - gains * (g + decay * hv)
    test = [sequence(rng) for _ in range(40)]
    field = np.mean([most_likely(w, s) == labels for s, labels in test])
    alone = np.mean([(s > 0.5) == labels for s, labels in test])
    print("evidence, offset and bonds:", w.round(2), " step lengths:", gains.round(2))
    print(f"correct labels: each place by itself {alone:.1%}, as a field {field:.1%}")
    assert field > alone + 0.1
    assert np.min(w[2:]) > 0.5  # neighbours like to be alike


if __name__ == "__main__":
    main()
