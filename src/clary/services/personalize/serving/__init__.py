"""Campaigns and recommenders: what answers, with which filters, under which ids."""
