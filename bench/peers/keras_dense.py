# SPDX-License-Identifier: Apache-2.0
"""A step of the textbook's dense pair in Keras, batch 1000, as textbooks write it: train_on_batch. usage: keras_dense.py MODE THREADS RUNS
MODE: tensorflow or jax. `trainable` is set before every call: read once at the first trace, D would never learn."""
import os, sys
import measure

mode, threads, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.environ.update(KERAS_BACKEND=mode, TF_CPP_MIN_LOG_LEVEL="3", OMP_NUM_THREADS=str(threads))
import numpy as np                              # noqa: E402
import keras                                    # noqa: E402
from keras import layers                        # noqa: E402
if mode == "tensorflow":
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)

BATCH = 10 if measure.DRY else 1000


def stack(sizes, last):
    return keras.Sequential([keras.Input((sizes[0],))] + [layers.Dense(n, activation="relu") for n in sizes[1:-1]] + [layers.Dense(sizes[-1], activation=last)])


def main():
    idle = measure.memory("VmRSS")
    g, d = stack((100, 256, 512, 1024, 784), "sigmoid"), stack((784, 1024, 512, 256, 1), "sigmoid")
    d.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(1e-3))
    z = keras.Input((100,))
    gan = keras.Model(z, d(g(z)))
    d.trainable = False
    gan.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(1e-3))
    rng = np.random.default_rng(1)
    x = rng.random((BATCH, 784), dtype=np.float32)
    one, zero = np.ones((BATCH, 1), "float32"), np.zeros((BATCH, 1), "float32")

    def noise():
        return rng.standard_normal((BATCH, 100), dtype=np.float32)

    def step():
        d.trainable = True
        d.train_on_batch(x, one)
        d.train_on_batch(g.predict(noise(), verbose=0, batch_size=BATCH), zero)
        d.trainable = False
        gan.train_on_batch(noise(), one)

    measure.report("dense", step, runs, 4, idle)


if __name__ == "__main__":
    main()
