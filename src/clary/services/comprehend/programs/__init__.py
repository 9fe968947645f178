"""The programs of Comprehend's jobs and endpoints: processes of their own, with the models loaded."""
