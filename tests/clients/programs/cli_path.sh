#!/usr/bin/env bash
# The main path with the AWS CLI alone: AWS FOLDER ROUNDS; leaves the scores of FOLDER/test-features.csv in FOLDER/scores.csv.
set -euo pipefail
aws=$1 folder=$2 rounds=$3
name="cli-$(date +%s%N)"
bucket="cli-path-${name#cli-}"
role=$("$aws" iam get-role --role-name ClaryExecutionRole --query Role.Arn --output text)
image=811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1
"$aws" s3 mb "s3://$bucket"
"$aws" s3 cp "$folder/train.csv" "s3://$bucket/train/train.csv" --no-progress
"$aws" s3 cp "$folder/validation.csv" "s3://$bucket/validation/validation.csv" --no-progress
channel() {
    printf '{"ChannelName":"%s","ContentType":"text/csv","DataSource":{"S3DataSource":{"S3DataType":"S3Prefix","S3Uri":"s3://%s/%s/","S3DataDistributionType":"FullyReplicated"}}}' "$1" "$bucket" "$1"
}
"$aws" sagemaker create-training-job --training-job-name "$name" --role-arn "$role" \
    --algorithm-specification "TrainingImage=$image,TrainingInputMode=File" \
    --input-data-config "[$(channel train),$(channel validation)]" \
    --output-data-config "S3OutputPath=s3://$bucket/output" \
    --resource-config InstanceType=ml.m5.xlarge,InstanceCount=1,VolumeSizeInGB=10 \
    --stopping-condition MaxRuntimeInSeconds=600 \
    --hyper-parameters "objective=binary:logistic,eval_metric=auc,num_round=$rounds,max_depth=5,eta=0.1,subsample=0.8,seed=1"
status=InProgress
while [ "$status" = InProgress ]; do
    sleep 0.5
    status=$("$aws" sagemaker describe-training-job --training-job-name "$name" --query TrainingJobStatus --output text)
done
[ "$status" = Completed ]
artifact=$("$aws" sagemaker describe-training-job --training-job-name "$name" --query ModelArtifacts.S3ModelArtifacts --output text)
"$aws" logs filter-log-events --log-group-name /aws/sagemaker/TrainingJobs --log-stream-name-prefix "$name/" \
    --query 'events[].message' --output text | grep -c "validation-auc"
"$aws" s3 cp "$artifact" "$folder/model.tar.gz" --no-progress
"$aws" sagemaker create-model --model-name "$name" --execution-role-arn "$role" \
    --primary-container "Image=$image,ModelDataUrl=$artifact"
"$aws" sagemaker create-endpoint-config --endpoint-config-name "$name" \
    --production-variants "VariantName=AllTraffic,ModelName=$name,InitialInstanceCount=1,InstanceType=ml.m5.large"
"$aws" sagemaker create-endpoint --endpoint-name "$name" --endpoint-config-name "$name"
status=Creating
while [ "$status" = Creating ]; do
    sleep 0.5
    status=$("$aws" sagemaker describe-endpoint --endpoint-name "$name" --query EndpointStatus --output text)
done
[ "$status" = InService ]
"$aws" sagemaker-runtime invoke-endpoint --endpoint-name "$name" --content-type text/csv \
    --body "fileb://$folder/test-features.csv" "$folder/scores.csv"
"$aws" sagemaker delete-endpoint --endpoint-name "$name"
"$aws" sagemaker delete-endpoint-config --endpoint-config-name "$name"
"$aws" sagemaker delete-model --model-name "$name"
"$aws" s3 ls "s3://$bucket" --recursive
"$aws" s3 rb "s3://$bucket" --force
