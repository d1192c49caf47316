"""One module a report format, all reading the same RunReport; JUnit and Allure files are written by pytest."""
