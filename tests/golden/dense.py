#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden training runs of the recipe `dense`: ten steps in Keras, written to dense.safetensors.

    python3 tests/golden/dense.py            needs keras 3, jax, numpy, safetensors

The networks have their real sizes. Weights, pictures and noise come from one formula (`value`) that tests/golden/dense.c
computes too, so the file holds results only, of the preset `textbook` and, named the same behind `r1.`, of the default
with its gradient penalty at a rate of 1e-4 (at 1e-3 rounding drowns it after four steps, in Keras too):

    losses            10,3  D on the real batch, D on the generated one, G: each as train_on_batch gives it back
    losses64          10,3  the same in float64: the distance between the two is the noise floor
    moved             10,P  L2 norm of what each parameter has moved since the beginning, in the order of `names`
    final.NAME              weights after ten steps, fauve's layout, every 97th number
    floor             P     distance between the two runs' last weights, as a share of what they moved
    apart             P     that between `final` and the weights of the first wrong one
    wrong.*           10,2  mean of D's losses, G's loss, of what the recipe is not; a test that cannot tell them
                            from `losses` is no test:
                            epsilon   Adam with PyTorch's epsilon
                            once      one update of D a step, on both batches together
                            thaw      the update of G moves D too
    r1.wrong.none           10,2  the default without its penalty

Two traps of Keras 3. `trainable` is read when a step is first traced, not at compile: the script that textbooks print
never trains D; here it is set before every call. And sigmoid with binary cross-entropy is clipped under JAX: here D
ends in the logit and the loss is told so, which is what TensorFlow computes from the same sigmoid.
"""
import os
os.environ["KERAS_BACKEND"] = "jax"
import jax
jax.config.update("jax_enable_x64", True)
import keras, numpy as np
from keras import layers, ops
from safetensors.numpy import save_file
from value import value

NOISE, HIDDEN, OUT, BATCH, STEPS, EVERY = 100, (256, 512, 1024), 784, 64, 10, 97


class PyTorchAdam(keras.optimizers.Adam):
    """epsilon inside the bias correction: that of Keras times sqrt(1 - beta2^t)"""
    def update_step(self, gradient, variable, learning_rate):
        keep = self.epsilon
        t = ops.cast(self.iterations + 1, variable.dtype)
        self.epsilon = keep * ops.sqrt(1 - ops.power(ops.cast(self.beta_2, variable.dtype), t))
        super().update_step(gradient, variable, learning_rate)
        self.epsilon = keep


class Penalised(keras.Sequential):
    """D, with r1/2 times the mean of |dD/dx|^2 on batches of real pictures, which are those with label 1"""
    r1 = 0.

    def penalty(self, x):
        return self.r1 / 2 * ops.mean(ops.sum(ops.square(jax.grad(lambda a: ops.sum(self(a)))(x)), 1))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + ops.min(y) * self.penalty(x) if self.r1 else loss


def network(name, inputs, units, last, slope=0., kind=keras.Sequential):
    n = kind([layers.Input((inputs,))] + [layers.Dense(u, activation=layers.LeakyReLU(negative_slope=slope)) for u in units[:-1]] +
             [layers.Dense(units[-1], activation=last)])
    weights = {}
    for i, (a, b) in enumerate(zip((inputs,) + units, units)):
        weights[f"{name}.{i}.weight"] = value(f"{name}.{i}.weight", a * b).reshape(b, a) * (6 / (a + b)) ** .5
        weights[f"{name}.{i}.bias"] = value(f"{name}.{i}.bias", b) * .01
    n.set_weights([w.T for w in weights.values()])
    return n, weights


def run(dtype, adam=keras.optimizers.Adam, once=False, thaw=False, rate=1e-3, beta1=.9, slope=0., r1=0.):
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    G, begin = network("G", NOISE, HIDDEN + (OUT,), "sigmoid")
    D, more = network("D", OUT, HIDDEN[::-1] + (1,), None, slope, Penalised)
    D.r1 = r1
    begin |= more
    D.compile(optimizer=adam(rate, beta1), loss=bce)
    gan = keras.Sequential([layers.Input((NOISE,)), G, D])
    D.trainable = thaw
    gan.compile(optimizer=adam(rate, beta1), loss=bce)
    if thaw:
        gan.optimizer.build(gan.trainable_variables)
    t = lambda a: a.astype(dtype)
    real, fake, losses, moved = np.ones((BATCH, 1), dtype), np.zeros((BATCH, 1), dtype), [], []
    now = lambda: {k: w.T for k, w in zip(begin, G.get_weights() + D.get_weights())}
    for step in range(STEPS):
        n = f"step {step} "
        x = t((value(n + "pictures", BATCH * OUT).reshape(BATCH, OUT) + 1) / 2)
        z = [t(value(n + f"noise {i}", BATCH * NOISE).reshape(BATCH, NOISE) * 3 ** .5) for i in range(2)]
        D.trainable = True
        y = G.predict(z[0], batch_size=BATCH, verbose=0)
        if once:
            d = [D.train_on_batch(np.concatenate([x, y]), np.concatenate([real, fake]))] * 2
        else:
            pure = float(D.penalty(x)) if r1 else 0.                 # train_on_batch gives it back with the loss
            d = [D.train_on_batch(x, real) - pure, D.train_on_batch(y, fake)]
        D.trainable = thaw
        losses.append([float(v) for v in d + [gan.train_on_batch(z[1], real)]])
        moved.append([np.linalg.norm(w - begin[k]) for k, w in now().items()])
    return np.float64(losses), np.float64(moved), now(), list(begin)


def results(wrong, **settings):
    losses, moved, final, names = run("float32", **settings)
    losses64, _, final64, _ = run("float64", **settings)
    pair = lambda l: np.stack([l[:, :2].mean(1), l[:, 2]], 1)
    far = lambda other: np.array([np.linalg.norm(final[k] - other[k]) / m for k, m in zip(names, moved[-1])])
    others = {k: run("float32", **settings | v) for k, v in wrong.items()}
    out = {"losses": losses, "losses64": losses64, "moved": moved, "floor": far(final64), "apart": far(others[list(wrong)[0]][2])}
    out |= {"wrong." + k: pair(v[0]) for k, v in others.items()}
    out |= {"final." + k: w.ravel()[::EVERY] for k, w in final.items()}
    print(losses, "\nnoise floor of the losses, float32 against float64:\n", np.abs(losses / losses64 - 1))
    print("of the last weights:\n", out["floor"], "\n", list(wrong)[0], "moves them by:\n", out["apart"])
    for k, v in others.items(): print("wrong", k, "\n", np.abs(pair(v[0]) / pair(losses) - 1))
    return out, names


if __name__ == "__main__":
    np.set_printoptions(precision=2, linewidth=120)
    out, names = results({"epsilon": dict(adam=PyTorchAdam), "once": dict(once=True), "thaw": dict(thaw=True)})
    more, _ = results({"none": dict(r1=0.)}, rate=1e-4, beta1=.5, slope=.2, r1=1.)
    out |= {"r1." + k: v for k, v in more.items()}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dense.safetensors")
    save_file({k: np.ascontiguousarray(v, np.float32) for k, v in out.items()}, path,
              metadata={"names": " ".join(names), "keras": keras.__version__, "jax": jax.__version__})
    print(os.path.getsize(path), "bytes")
