"""The same problems by NumPy and scikit-learn, in float32 where they allow it."""

import warnings

import numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV

from arrays import read_arrays

# From loose to tight; the first that reaches the other side's loss is timed.
TOLERANCES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)
MOST_ITERATIONS = 2000
# Relative excess over the other side's loss that still counts as the same.
SAME_LOSS = 1e-4


class Probe:
    """Multinomial logistic regression by L-BFGS, stopped as soon as its loss is as low as the other side's."""

    def __init__(self, message):
        arrays = read_arrays(message["folder"])
        self.features = arrays["features"]
        self.labels = arrays["labels"]
        self.l2 = message["workload"]["l2"]
        warnings.simplefilter("ignore", ConvergenceWarning)
        wanted = message["reference"][0] * (1 + SAME_LOSS)
        for self.tolerance in TOLERANCES:
            self.loss = self.objective(self.fit())
            if self.loss <= wanted:
                return
        raise RuntimeError(f"scikit-learn ended at a loss of {self.loss:.6f}, above {wanted:.6f}")

    def fit(self):
        model = LogisticRegression(
            C=1 / (len(self.features) * self.l2), tol=self.tolerance, max_iter=MOST_ITERATIONS, solver="lbfgs"
        )
        return model.fit(self.features, self.labels)

    def objective(self, model):
        """Mean cross-entropy + l2 / 2 |weights|^2 in float64."""
        scores = self.features.astype("float64") @ model.coef_.T + model.intercept_
        scores -= scores.max(axis=1, keepdims=True)
        likelihood = scores[numpy.arange(len(scores)), self.labels] - numpy.log(numpy.exp(scores).sum(axis=1))
        return float(-likelihood.mean() + self.l2 / 2 * (model.coef_.astype("float64") ** 2).sum())

    def check(self):
        return [self.loss]

    def run(self):
        self.fit()
        return 1


class Ridge:
    """Ridge regression with the penalty by leave-one-out error over a given grid."""

    def __init__(self, message):
        arrays = read_arrays(message["folder"])
        self.features = arrays["features"]
        self.targets = arrays["targets"]
        self.penalties = message["workload"]["penalties"]

    def fit(self):
        return RidgeCV(alphas=self.penalties).fit(self.features, self.targets)

    def check(self):
        model = self.fit()
        return [float(model.alpha_), -float(model.best_score_)]

    def run(self):
        self.fit()
        return 1


class TopK:
    """The k most similar gallery rows by cosine, most similar first."""

    def __init__(self, message):
        arrays = read_arrays(message["folder"])
        self.gallery = arrays["features"]
        self.queries = self.gallery[: message["workload"]["queries"]]
        self.k = message["workload"]["k"]

    def search(self):
        gallery = self.gallery / numpy.linalg.norm(self.gallery, axis=1, keepdims=True)
        queries = self.queries / numpy.linalg.norm(self.queries, axis=1, keepdims=True)
        cosines = queries @ gallery.T
        found = numpy.argpartition(cosines, -self.k, axis=1)[:, -self.k :]
        similarities = numpy.take_along_axis(cosines, found, axis=1)
        order = numpy.argsort(-similarities, axis=1)
        return numpy.take_along_axis(found, order, axis=1), numpy.take_along_axis(similarities, order, axis=1)

    def check(self):
        _, similarities = self.search()
        return [float(similarities.mean(dtype="float64")), float(similarities[:, -1].mean(dtype="float64"))]

    def run(self):
        self.search()
        return 1


class PrincipalAxes:
    """Axes by the eigenvectors of the covariance in float64, and the coordinates of all rows along them."""

    def __init__(self, message):
        self.features = read_arrays(message["folder"])["features"]

    def project(self):
        centred = self.features - self.features.mean(axis=0)
        _, vectors = numpy.linalg.eigh((centred.T @ centred).astype("float64"))
        return centred @ vectors[:, ::-1].astype("float32")

    def check(self):
        """Variance along the first axis and along the last."""
        variances = self.project().var(axis=0, dtype="float64")
        return [float(variances[0]), float(variances[-1])]

    def run(self):
        self.project()
        return 1


TASKS = {"probe": Probe, "ridge": Ridge, "top-k": TopK, "pca": PrincipalAxes}


def open_workload(message):
    return TASKS[message["workload"]["task"]](message)
