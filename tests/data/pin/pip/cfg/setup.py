from setuptools import setup
setup(install_requires=["colorama>=0.4"])
