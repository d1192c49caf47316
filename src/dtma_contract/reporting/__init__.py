"""One module a report format; each reads the same RunReport. JUnit and Allure files are written by pytest and its plugin."""
